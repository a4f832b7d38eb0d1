"""The English sentences of the templates."""

from routing.cache.template_words import Style, Templates

CASUAL = Style(
    hello=(
        "Hi everyone, good to have you here. Tonight's question: {topic}",
        "Welcome, and make yourselves comfortable. What we are talking about: {topic}",
        "Hello and come on in. One question is on the table: {topic}",
    ),
    why=(
        "Most of us have an answer ready before we have thought about it, and that is just where "
        "it gets interesting.",
        "It sounds simple until you try to explain your answer to somebody who does not share it.",
        "You have probably argued about it at a kitchen table; today we do it with people who "
        "spent their lives on such questions.",
    ),
    people=(
        "For PRO we have {pros}, and for CON {cons}.",
        "{pros} will speak for PRO. On the other side, for CON: {cons}.",
    ),
    start=(
        "So, let us hear the opening statements.",
        "Enough from me. Opening statements, please.",
    ),
    hand_over=(
        "Thanks for that. Next up: {name}, for {side}. Go ahead.",
        "All right, over to {name}, for {side}.",
        "Good. {name}, for {side}, what do you make of it?",
    ),
    thanks=(
        "And that is it. Thank you, {pros}, and thank you, {cons}.",
        "We are out of time. {pros}, {cons}: thank you, that was a pleasure.",
    ),
    left=(
        "PRO gave us reasons to say yes to its case, CON gave us reasons to doubt it, and neither "
        "made it easy. I will not pick a winner; that is your part.",
        "You have heard the best that both sides had. Nobody won and nobody lost: what stays is "
        "the argument that you cannot get rid of.",
    ),
    goodbye=(
        "Take the question home: {topic} See you next time.",
        "Sleep on it: {topic} Bye for now.",
    ),
)
FORMAL = Style(
    hello=(
        "Ladies and gentlemen, welcome to this debate. The question before us is: {topic}",
        "Good evening, and welcome. We are here to examine one question: {topic}",
        "It is a pleasure to welcome you. The motion of this evening reads: {topic}",
    ),
    why=(
        "It is an old question, and how we answer it decides more of our common life than we tend "
        "to notice.",
        "Much depends on the answer, and thoughtful people have given different ones, for reasons "
        "that deserve a hearing.",
        "It touches what we owe to one another, and it cannot be settled by taste.",
    ),
    people=(
        "The case for PRO will be made by {pros}; the case for CON by {cons}.",
        "For PRO I have the honour of introducing {pros}, and for CON {cons}.",
    ),
    start=(
        "I now invite the opening statements.",
        "May I ask for the opening statements.",
    ),
    hand_over=(
        "Thank you. The floor now goes to {name}, who speaks for {side}.",
        "Thank you. I give the floor to {name}, for {side}.",
        "We continue with {name}, who speaks for {side}.",
    ),
    thanks=(
        "This debate has come to its end. My thanks go to {pros} and to {cons}.",
        "I thank {pros} for PRO, and {cons} for CON, for their contributions.",
    ),
    left=(
        "PRO has shown what can be said for its answer, and CON what stands against it. It is not "
        "for the chair to name a winner.",
        "Both sides have put their case with care. The judgement is left, as it should be, to the "
        "audience.",
    ),
    goodbye=(
        "May the question go with you: {topic} Good evening.",
        "I leave you with the question itself: {topic} Thank you for your attention.",
    ),
)
WITTY = Style(
    hello=(
        "Welcome. We have brought together people who have been dead for some time and still "
        "cannot agree. The question: {topic}",
        "Good evening. If you came for a quick answer, the exit is behind you. We ask: {topic}",
        "Welcome to the only place where interrupting a philosopher counts as work. Our question: "
        "{topic}",
    ),
    why=(
        "It has survived everybody who has answered it, which is either a good sign for the "
        "question or a bad one for us.",
        "Everybody knows the answer, as long as nobody asks for the reason.",
        "Entire libraries have been filled with it, so we have allowed ourselves about an hour.",
    ),
    people=(
        "PRO has sent {pros}; CON could spare {cons}.",
        "Defending PRO: {pros}. Enjoying the opposite, for CON: {cons}.",
    ),
    start=(
        "Opening statements, please, while everybody is still polite.",
        "Let us begin before somebody asks what a beginning is.",
    ),
    hand_over=(
        "Before anybody catches their breath: {name}, for {side}, has been waiting long enough.",
        "{name}, for {side}, has been writing things down. That is rarely a good sign.",
        "And now {name}, for {side}, who seems to see it a little differently.",
    ),
    thanks=(
        "That is the end of it. Thank you, {pros} and {cons}; you may shake hands now.",
        "We close. {pros}, {cons}: thank you, nobody has walked out, which is more than most "
        "schools of thought can say.",
    ),
    left=(
        "PRO leaves us with a good case, CON with a good headache, or the other way round. I name "
        "no winner; I have to live with both of them.",
        "You have heard yes with reasons and no with reasons. If you still think it is simple, "
        "you may have been in the wrong room.",
    ),
    goodbye=(
        "For the way home: {topic} Answers on a postcard.",
        "The question is still here, and in good health: {topic} Good night.",
    ),
)
PASSIONATE = Style(
    hello=(
        "Welcome, all of you! Today we ask a question that leaves nobody cold: {topic}",
        "How good that you are here! One question, and everything that hangs on it: {topic}",
        "Welcome! There are questions that one cannot walk past. This is one of them: {topic}",
    ),
    why=(
        "It is about how we live, today, with each other. Whoever shrugs has answered it already.",
        "People have staked their lives on their answer. Let us at least stake an hour of honest "
        "listening.",
        "Feel for yourselves how much you want one side to be right. Then listen to the other.",
    ),
    people=(
        "For PRO, with all they have: {pros}! For CON, no less determined: {cons}!",
        "{pros} will fight for PRO, and {cons} will stand against them for CON!",
    ),
    start=(
        "Now let us hear it: your opening statements!",
        "The floor is yours. Open the debate!",
    ),
    hand_over=(
        "And on it goes! {name}, for {side}, what do you say to this?",
        "That cannot stay without an answer! {name}, for {side}!",
        "One can feel it in the room. {name}, for {side}, please!",
    ),
    thanks=(
        "What a debate! Thank you, {pros}! Thank you, {cons}!",
        "From the heart: thank you, {pros}, and thank you, {cons}!",
    ),
    left=(
        "PRO has shown us what there is to gain, CON what there is to lose. There is no winner "
        "tonight except whoever thinks on.",
        "Both sides have given us something that we cannot put back. I will not say who won; I "
        "ask you to decide what you will do with it.",
    ),
    goodbye=(
        "Do not let go of the question: {topic}",
        "Take it out with you, and ask the next person you meet: {topic}",
    ),
)
SOCRATIC = Style(
    hello=(
        "Welcome. Let us begin with what we do not know: {topic}",
        "Welcome. I have no answer for you, only a question: {topic}",
        "Before anybody answers, let us look at what is being asked: {topic}",
    ),
    why=(
        "What would have to be true for the answer to be yes? And what if it were no?",
        "Do we all mean the same by these words? And if not, have we ever disagreed?",
        "Why does it matter to you how this is answered? What would you do differently tomorrow?",
    ),
    people=(
        "{pros} will answer for PRO, {cons} for CON. Who of them will still believe it at the end?",
        "Whom can we ask? For PRO {pros}, and for CON {cons}.",
    ),
    start=(
        "What do you claim, and on what ground? The opening statements, please.",
        "Shall we hear what each of you takes to be true?",
    ),
    hand_over=(
        "What remains to be asked? {name}, for {side}, may begin.",
        "Does that settle it? {name}, for {side}?",
        "What would you ask them, {name}, for {side}?",
    ),
    thanks=(
        "Have we found what we were looking for? In any case: thank you, {pros} and {cons}.",
        "{pros}, {cons}, thank you. Do we know more now, or do we know better what we do not know?",
    ),
    left=(
        "What has PRO shown that CON would have to admit? What has CON asked that PRO has not "
        "answered? I shall not say; can you?",
        "Which of the reasons would you have given yourself, and which one surprised you? There "
        "is no winner in a question.",
    ),
    goodbye=(
        "And how would you answer now: {topic}",
        "One thing is left to ask, and it is the first: {topic}",
    ),
)
TEMPLATES = Templates(
    styles={
        "casual": CASUAL, "formal": FORMAL, "witty": WITTY, "passionate": PASSIONATE,
        "socratic": SOCRATIC,
    },
    swapped="Mind the sides: in this debate PRO answers the question with no, or takes the second "
            "of two options, and CON the other way round.",
    times_up=(
        "Time is up, {name}. We have to leave it at that.",
        "Thank you, {name}, the time for this statement is over.",
    ),
    refused=(
        "Let us stop here, {name}. That cannot be said in this debate.",
        "I have to interrupt you, {name}. We go on with the question.",
    ),
)
