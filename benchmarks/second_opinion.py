"""What tosca-parser says of a file.

    python benchmarks/second_opinion.py docs/mistakes/service.yaml

It prints every message that tosca-parser collects, without the stack traces in between.
Needs the extra `second-opinion`.
"""

import logging
import re
import sys

from toscaparser.common.exception import ExceptionCollector
from toscaparser.tosca_template import ToscaTemplate


def main() -> None:
    logging.disable(logging.CRITICAL)
    try:
        ToscaTemplate(sys.argv[1], parsed_params={}, a_file=True)
        print("no complaint")
    except Exception as wrong:  # noqa: BLE001  (whatever it raises is what it says)
        collected = ExceptionCollector.getExceptionsReport(full=False) or [str(wrong)]
        for message in collected:
            print(re.sub(r"\s+", " ", str(message)).strip())


if __name__ == "__main__":
    main()
