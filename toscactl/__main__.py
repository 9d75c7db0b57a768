"""`python -m toscactl`."""

import sys

from toscactl.cli import main

sys.exit(main())
