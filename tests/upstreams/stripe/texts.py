"""The words of the hosted pages."""

EN = {
    "test": "For tests and demos only: no real money. There is no bank behind this page.",
    "pay": "Pay {amount}", "subscribe": "Subscribe", "try": "Start the trial",
    "save": "Save the card",
    "card": "Card number", "cards": "Test cards", "exp": "Expiry", "cvc": "CVC", "email": "Email",
    "back": "Back without paying", "code": "Promotion code", "use": "Use the code",
    "unknown": "This code is not known or no longer valid.",
    "month": "{amount} a month", "year": "{amount} a year", "day": "{amount} a day",
    "week": "{amount} a week",
    "then": "Free until {date}, then {amount}", "total": "Due today", "discount": "Discount",
    "over": "This page has been used or is too old.", "bank": "Your bank asks: is this you?",
    "confirm": "Yes, confirm", "fail": "No, refuse", "return": "Back to the shop",
    "plan": "Your plan", "ends": "Ends on {date}", "renews": "Renews on {date}",
    "cancel": "Cancel the plan", "keep": "Keep the plan", "switch": "Change to {name}, {amount}",
    "invoices": "Invoices", "method": "Card", "none": "None", "change": "Use another card",
    "invoice": "Invoice {number}", "paid": "paid", "open": "open", "void": "void",
    "draft": "draft", "uncollectible": "written off", "receipt": "Receipt",
    "portal": "Your billing",
    "checkout": "Checkout", "later": "Changes to {name} on {date}", "pdf": "Download as PDF",
    "ok": "succeeds", "declines": "is declined", "asks_once": "asks the bank once",
    "asks_always": "asks the bank each time", "declines_later": "is saved, every payment fails",
    "disputes": "succeeds and is disputed", "3ds": "Confirmation",
    "refused": "The bank did not confirm. Try again or use another card.",
}  # fmt: skip
KO = {
    "test": "시험과 데모에만 쓰는 페이지입니다. 은행과 이어져 있지 않아 실제 돈이 오가지 않습니다.",
    "pay": "{amount} 결제", "subscribe": "구독하기", "try": "체험 시작", "save": "카드 저장",
    "card": "카드 번호", "cards": "시험용 카드", "exp": "유효 기간", "cvc": "CVC",
    "email": "이메일",
    "back": "결제하지 않고 돌아가기", "code": "프로모션 코드", "use": "코드 적용",
    "unknown": "알 수 없거나 더 이상 쓸 수 없는 코드입니다.",
    "month": "매월 {amount}", "year": "매년 {amount}", "day": "매일 {amount}",
    "week": "매주 {amount}",
    "then": "{date}까지 무료, 그 뒤 {amount}", "total": "오늘 결제할 금액", "discount": "할인",
    "over": "이미 쓰였거나 너무 오래된 페이지입니다.", "bank": "은행 확인: 본인이 맞습니까?",
    "confirm": "네, 확인합니다", "fail": "아니요, 거부합니다", "return": "돌아가기",
    "plan": "요금제", "ends": "{date}에 끝납니다", "renews": "{date}에 갱신됩니다",
    "cancel": "요금제 해지", "keep": "요금제 유지", "switch": "{name}(으)로 변경, {amount}",
    "invoices": "청구서", "method": "카드", "none": "없음", "change": "다른 카드 사용",
    "invoice": "청구서 {number}", "paid": "결제됨", "open": "미결제", "void": "무효",
    "draft": "작성 중", "uncollectible": "회수 불가", "receipt": "영수증", "portal": "결제 관리",
    "checkout": "결제", "later": "{date}에 {name}(으)로 바뀝니다", "pdf": "PDF로 받기",
    "ok": "결제됩니다", "declines": "거절됩니다", "asks_once": "은행 확인을 한 번 거칩니다",
    "asks_always": "매번 은행 확인을 거칩니다",
    "declines_later": "저장되지만 결제는 모두 실패합니다",
    "disputes": "결제된 뒤 이의가 제기됩니다", "3ds": "본인 확인",
    "refused": "은행이 확인하지 않았습니다. 다시 시도하거나 다른 카드를 쓰세요.",
}  # fmt: skip


def words(locale: str | None, accepts: str = "") -> dict[str, str]:
    """By the session's locale, else by the browser's first language."""
    wanted = accepts if locale in (None, "", "auto") else locale
    return KO if (wanted or "").lower().startswith("ko") else EN
