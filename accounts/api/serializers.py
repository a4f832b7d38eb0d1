"""The shapes of `/api/v1/tokens`."""

from rest_framework import serializers


class AssertionSerializer(serializers.Serializer[object]):
    assertion = serializers.CharField(
        help_text="a JWT (HS256) signed with the SHA-256 of a service key, see docs/user-tokens.md"
    )


class TokenSerializer(serializers.Serializer[object]):
    token = serializers.CharField(help_text="goes where an API key goes: Authorization: Bearer …")
    expires_at = serializers.DateTimeField()
    expires_in = serializers.IntegerField(help_text="seconds")
