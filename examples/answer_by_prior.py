"""A baseline: answer an official file from the question and the data set's statistics alone, without any video.

python examples/answer_by_prior.py me_lvqa_samm_test_to_answer.jsonl > prior_pred.jsonl
"""

import sys
from pathlib import Path

import mevqa


def main(path: str) -> None:
    file = mevqa.read_questions(Path(path))
    priors = {question.id: mevqa.prior_answer(question) for question in file.questions}
    answers = {key: prior.text if prior is not None else "" for key, prior in priors.items()}
    print(file.render(answers).decode(), end="")


if __name__ == "__main__":
    main(sys.argv[1])
