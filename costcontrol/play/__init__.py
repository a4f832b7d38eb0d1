"""The playground: people who are signed in start debates here and watch them. It owns no tables."""
