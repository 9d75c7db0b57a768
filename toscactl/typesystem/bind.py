"""bundle -> type system: every type of the user's files bound and checked."""

from toscactl.diagnostics import Checked, Diagnostic
from toscactl.loading import Bundle
from toscactl.typesystem.checks import check_file
from toscactl.typesystem.kinds import BINDERS
from toscactl.typesystem.scope import is_bundled
from toscactl.typesystem.system import TypeSystem


def bind(bundle: Bundle) -> Checked[TypeSystem]:
    """The type system of a bundle (TOSCA 2.0, 6.4).

    The types of bundled profiles are bound when they are first asked for.
    """
    types = TypeSystem(bundle, BINDERS)
    found: list[Diagnostic] = []
    own = [loaded for loaded in types.scopes.files() if not is_bundled(loaded)]
    for loaded in own:
        types.bind_all(loaded, found)
    for loaded in own:
        found.extend(check_file(loaded, types))
    return Checked(types, tuple(found))
