"""Names as Amazon Web Services takes them."""

import hashlib
import re

from toscactl_terraform.draft import Draft, Tf
from toscactl_terraform.expressions import literal


def limited(name: str, most: int) -> str:
    """A name of letters, digits and hyphens; one that is cut carries a mark of the whole."""
    clean = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "unnamed"
    if len(clean) <= most:
        return clean
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{clean[: most - 7].rstrip('-')}-{mark}"


def described(text: str) -> str:
    """A description with nothing but the characters that security groups allow; at most 255."""
    return re.sub(r"[^A-Za-z0-9. _:/()#,@\[\]+=&;{}!$*-]", "_", text).replace("${", "_{")[:255]


def tags(draft: Draft, name: str) -> Tf:
    """The tag that the console shows as the name of a thing."""
    return {"Name": literal(draft.title(name))}
