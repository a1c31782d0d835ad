# shellcheck shell=bash
# Sourced by infra/deploy and infra/destroy: what a stage is called, and how a step is run.
# Everything about a stage comes from .chalice/config.json and infra/{stage}.json.

export AWS_REGION=${AWS_REGION:-ap-northeast-2} AWS_PAGER=
export AWS_DEFAULT_REGION=$AWS_REGION # what the older of AWS's tools and Chalice read
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=.venv/bin/python
stage=${1:?which stage? make deploy STAGE=dev}
dry_run=
if [[ ${2:-} == --dry-run ]]; then dry_run=yes; fi

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

[[ -x $python ]] || fail "No .venv here: run it through make (make $(basename "$0") STAGE=$stage)."
[[ -f infra/$stage.json ]] || fail "There is no stage $stage: make infra/$stage.json and its part of .chalice/config.json."

config() { # config NAME: a variable of the stage
  "$python" -c 'import json, sys
print(json.load(open(".chalice/config.json"))["stages"][sys.argv[1]]["environment_variables"][sys.argv[2]])' "$stage" "$1"
}
images=$(config IMAGES_BUCKET) models=$(config MODELS_BUCKET) results=$(config RESULTS_BUCKET)
measure=$(config MEASURE_FUNCTION)
name=${measure%-measure:live}
app=build/chalice/app # the clean copy that local.package checks: what is checked is what is deployed
record=$app/.chalice/deployed/$stage.json
stored_record=s3://$models/deployments/$stage.json

step=0
begin() { # begin WORDS: the next step
  step=$((step + 1))
  doing=$*
  printf '\n[%d] %s\n' "$step" "$*"
}

run() { # run COMMAND...: print it, and do it unless this is a dry run
  printf '    $'
  printf ' %q' "$@"
  printf '\n'
  if [[ -z $dry_run ]]; then "$@"; fi
}

ask() { # ask WORDS COMMAND...: what the command answers; in a dry run, the words
  if [[ -n $dry_run ]]; then printf '<%s>' "$1"; else "${@:2}"; fi
}

from_record() { # from_record RESOURCE FIELD: what Chalice remembers of the API it made
  "$python" -c 'import json, sys
found = {one["name"]: one for one in json.load(open(sys.argv[1]))["resources"]}
print(found[sys.argv[2]][sys.argv[3]])' "$record" "$1" "$2"
}

fetch_record() { # Chalice makes everything again when it does not remember what it made
  run mkdir -p "$(dirname "$record")"
  run rm -f "$record" # another account's, perhaps
  if [[ -n $dry_run ]] || aws s3 ls "$stored_record" >/dev/null 2>&1; then
    run aws s3 cp --only-show-errors "$stored_record" "$record"
  fi
}

stopped() { # stopped WORDS: where, and how to go on
  if ((BASH_SUBSHELL == 0)); then
    printf '\nStopped in step %d, %s: the reason is above. What came before stands.\n%s\n' \
      "$step" "$doing" "$1" >&2
  fi
}
