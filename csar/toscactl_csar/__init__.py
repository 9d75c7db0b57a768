"""Archives without TOSCA: CSAR packages as files."""
