# For BASH_ENV: exported variables named like declared outputs count as outputs when a script ends.
unset BASH_ENV
__tosca_report() {
  local name flags
  for name in ${TOSCA_REPORT-}; do
    name=${name%%=*}
    flags=$(declare -p "$name" 2>/dev/null) || continue
    flags=${flags#declare -}
    case ${flags%% *} in
      *x*) grep -q "^$name=" "$TOSCA_OUTPUT" || echo "$name=${!name-}" >>"$TOSCA_OUTPUT" ;;
    esac
  done
}
[ -z "${TOSCA_REPORT-}" ] || trap __tosca_report EXIT
