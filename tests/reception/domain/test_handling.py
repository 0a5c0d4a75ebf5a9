"""What is asked about a section's handling, and from when on a total is told."""

from reception.domain.handling import Answers, Question, Reply, answer_faults, total_of

GOOD = Answers(dict.fromkeys(Question, Reply.YES), "")


def test_fewer_than_five_answers_are_not_told_not_even_how_many() -> None:
    total = total_of("第二监督检查室", [GOOD] * 4)

    assert total.answers is None
    assert total.counts == {}


def test_five_answers_are_counted_per_question() -> None:
    bad = Answers({**GOOD.replies, Question.SATISFIED: Reply.NO}, "没有人找过我。")

    total = total_of("第二监督检查室", [GOOD, GOOD, GOOD, GOOD, bad])

    assert total.answers == 5
    assert total.counts[Question.SATISFIED] == {
        Reply.YES: 4,
        Reply.PARTLY: 0,
        Reply.NO: 1,
        Reply.NO_ANSWER: 0,
    }


def test_each_question_needs_a_reply_and_silence_is_one() -> None:
    silent = dict.fromkeys(map(str, Question), "no_answer")

    assert answer_faults(silent, "") == {}
    assert answer_faults({**silent, "contacted": "perhaps"}, "话" * 2001) == {
        "contacted": "required",
        "words": "too_long",
    }
