"""Words that the guards of the topic resolver know, in Korean and English.

Short lists of our own. They are a second line: a word that is missing here makes a guard silent,
and silence proves nothing (docs/topic-resolver.md).
"""


def _words(text: str) -> tuple[str, ...]:
    """Between bars where any of them has a space in it."""
    parts = text.replace("\n", "|").split("|") if "|" in text else text.split()
    return tuple(part.strip() for part in parts if part.strip())


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in text.strip().splitlines())


def _numbers(text: str) -> dict[str, float]:
    pairs = (pair.partition("=") for pair in text.split())
    return {word: float(number) for word, _equals, number in pairs}


# What looks like a denial and is none. Taken out before denials are counted.
IDIOMS = {
    "ko": _words("""
        예외 없이 | 예외없이 | 조건 없이 | 조건없이 | 수밖에 없 | 끊임없 | 틀림없 | 다름없
        상관없 | 상관 없 | 관계없 | 관계 없이 | 어김없 | 아니면 | 뿐 아니라 | 뿐만 아니라
        하지 않을까 | 지 않을까 | 문제없 | 문제 없 | 아무 문제
    """),
    "en": _words("""
        without exception | no matter | whether or not | or not | not only | no doubt
        nothing but | no less than | without fail
    """),
}

# Parts of words that deny.
DENIALS = {
    "ko": _words("""
        않 | 아니 | 아닌 | 아닐 | 못하 | 못해 | 못할 | 없는 | 없다 | 없을 | 없나 | 없어
        없으 | 없이 | 없게 | 말아 | 말자 | 말라 | 지 마 | 안 되 | 안 된 | 안 돼 | 안 될
        안돼 | 안되 | 안된 | 안될
    """),
    "en": _words("""
        not no never none nothing nobody neither nor without cannot
    """),
}

# The denying one of two opposites. Each turns a text around, as a denial does.
NEGATIVE = {
    "ko": _words("""
        금지 금하 금해 막아 막는 막을 반대 폐지 없애 철폐 불허 저주 악하 악한 악할 불의 부당
        부도덕 비도덕 비윤리 불공정 불공평 불행 나쁘 나쁜 나빠 그르 그른 틀리 틀린 잘못 거짓
        퇴보 퇴행 쇠퇴 닫아 닫는 닫을 거부 거절 불가 불필요 해롭 해로 손해 줄이 줄여 줄인
        축소 감소 적게 덜 불법 무의미 무익 무능 무한 무제한 박탈 제거 비합리 불합리 어긋 싫
        열등 약하 약한 낮추 낮춰 내려 환상 허구 비정상 불평등 위험 위협 배제 중단 그만 포기
        늦춰 늦추 벗어나
    """),
    "en": _words("""
        impossible unjust unfair immoral unethical wrong illegal ban banned banning bans
        prohibit prohibited forbid forbidden outlaw outlawed abolish abolished abolition end
        scrap against oppose opposed deny denied refuse refused reject rejected bad evil
        curse harm harmful false close closed reduce reduced less fewer decline declining
        unjustified unacceptable irrational unnecessary avoid stop prevent worse unlimited
        unreal illusion illusory myth unhappy unsafe dangerous threat threaten decrease
        lower lose useless meaningless impermissible inferior weak weaker infinite unequal
        restrict unlawful illegitimate exclude cut shrink disobey eliminate remove
    """),
}

# Words that say nothing of what a question is about.
EMPTY = {
    "ko": _words("""
        수 것 건 게 때 가 이 그 그것 과연 정말 정말로 진짜 실제 실제로 우리 우리의 있 없
        하 되 해 해야 할 하는 되는 된 인 인가 일까 대해 대한 위해 위해서 위한 한다 하나
        합니까 할까 있는 있나 있다 있어야 하는가 되어야 돼야
        한다고 혹시 그냥 좀 아니면 안 옳 아니 않 야 라는 이라는 꼭 반드시
    """),
    "en": _words("""
        a an the is are be been being was were do does did of to in on at for by with from
        as it its this that these those there should would could can may might must ought
        shall will we us our you your i one or and if so such any really truly ever
        have has had they their than what which whether about into not no cannot who
        im
    """),
}

# Different words for the same: what a guard would else take for another subject.
SAME = {
    "ko": _groups("""
        인공지능 ai 에이아이
        허용 허락 합법 합법화
        사형제 사형제도 사형
        금지 금하 금해
        폐지 없애
        존재 실재
        인간 사람 인류
        정당 정당화
        도입 시행
        기본소득 기본소득제
    """),
    "en": _groups("""
        ai ais artificial intelligence
        permit permitted permissible permitting allow allowed allowing legal legalised legalized
        ban banned prohibit prohibited forbid forbidden outlaw outlawed
        abolish abolished
        human humans people humanity mankind person persons
        exist exists real
        just justified legitimate
        rich wealthy
        aim goal purpose
    """),
}

# Below 0: how many of them, without a number.
NUMBERS = {
    "ko": _numbers("""
        하나=1 한=1 둘=2 두=2 셋=3 세=3 넷=4 네=4 다섯=5 여섯=6 일곱=7 여덟=8 아홉=9 열=10
        스무=20 백=100 이백=200 천=1000 만=10000 절반=0.5 모든=-1 모두=-1 전부=-1 일부=-2
        언제나=-4 항상=-4 늘=-4 오직=-5 오로지=-5
    """),
    "en": _numbers("""
        one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 twenty=20
        hundred=100 thousand=1000 million=1000000 half=0.5 all=-1 every=-1 some=-2 most=-3
        few=-6 always=-4 only=-5
    """),
}

# Whether a question is about what is possible or about what should be; else about what is.
POSSIBLE = {
    "ko": _words("""
        수 있 | 수 없 | 수도 있 | 가능
    """),
    "en": _words("""
        can can't cannot could possible impossible able
    """),
}
DUTY = {
    "ko": _words("""
        어야 | 아야 | 해야 | 여야 | 돼야 | 도 되 | 도 돼 | 도 될 | 도 괜찮 | 도 좋 | 서는 안
        안 되 | 안 된 | 안 돼 | 안 될 | 옳
    """),
    "en": _words("""
        should shouldn't ought must may shall need
    """),
}
