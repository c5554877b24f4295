# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# bash completion for hivectl(1). Workers and jobs are asked of the hive at each key press; where none answers in time
# there is nothing to choose from. What it says is data: no name of it is expanded, and one that is no name is left out.

# The rows of a list; nothing where no hive answers soon. read would take two tabs for one, hence the other separator.
__hivectl_rows() {
  timeout 2 hivectl "$@" --plain </dev/null 2>/dev/null | tr '\t' '\037'
}

# bash breaks words at = : and @ too. `words` becomes what a command would get, the last one up to the cursor.
__hivectl_split() {
  local line=${COMP_LINE:0:COMP_POINT} word i

  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
      words+=("")
      line=${line#"${line%%[![:blank:]]*}"}
    fi
    ((i < COMP_CWORD)) || word=$line
    words[${#words[@]} - 1]+=$word
    line=${line#"$word"}
  done
}

# Sets verb, arguments, option (whose value is being typed), cur and remote from `words`.
__hivectl_parse() {
  local last=$((${#words[@]} - 1)) only_arguments=no i

  cur=${words[last]#[\"\']}
  for ((i = 1; i < last; i++)); do
    case $only_arguments${words[i]} in
      no--) only_arguments=yes ;;
      no--host | no-H) option=--host remote=yes ;;&
      no--backend | no--lines | no--color | no--config | no--output | no--network | no--cpu | no--from | no--store | no--socket | no--source | no--model | no--name | no--device | no--listen | no--context | no--idle-stop | no--start-timeout | no--memory-max) option=${words[i]} ;;&
      no-o) option=--output ;;&
      no-n) option=--lines ;;&
      no--host | no-H | no--backend | no--lines | no--color | no--config | no--output | no-o | no-n | no--network | no--cpu | no--from | no--store | no--socket | no--source | no--model | no--name | no--device | no--listen | no--context | no--idle-stop | no--start-timeout | no--memory-max)
        i=$((i + 1))
        ((i == last)) || option=''
        ;;
      no--host=* | no-H*) remote=yes ;;
      no-*) ;;
      *) if [[ -z $verb ]]; then verb=${words[i]}; else arguments+=("${words[i]}"); fi ;;
    esac
  done
  if [[ $only_arguments == no && -z $option && $cur == --*=* ]]; then
    option=${cur%%=*}
    cur=${cur#*=}
  fi
}

__hivectl_reply() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# The first words of the lines on standard input that begin like $cur, are a name and are not among the arguments yet.
__hivectl_reply_names() {
  local name

  while IFS=$'\037' read -r name _; do
    [[ $name == "$cur"* && $name == [a-zA-Z0-9]* && $name != *[!a-zA-Z0-9._-]* && " ${arguments[*]} " != *" $name "* ]] || continue
    COMPREPLY+=("$name")
  done
}

# The jobs in one of the given states (none: any), the newest first: the latest, or all once a number is begun.
__hivectl_reply_jobs() {
  local all=() id state

  [[ -z $cur ]] || all=(--all)
  while IFS=$'\037' read -r id _ _ state _; do
    [[ $id == "$cur"* && -n $id && $id != *[!0-9]* ]] || continue
    (($# == 0)) || [[ " $* " == *" $state "* ]] || continue
    COMPREPLY=("$id" "${COMPREPLY[@]}")
  done < <(__hivectl_rows jobs "${all[@]}")
  compopt -o nosort 2>/dev/null
}

# The backends of the workers that are named already, or of all.
__hivectl_reply_backends() {
  local id backends backend

  while IFS=$'\037' read -r id _ backends _; do
    ((${#arguments[@]} == 0)) || [[ " ${arguments[*]} " == *" $id "* ]] || continue
    while read -r -d, backend; do
      [[ $backend == "$cur"* && $backend == [a-zA-Z0-9]* && $backend != *[!a-zA-Z0-9._-]* ]] || continue
      [[ " ${COMPREPLY[*]} " == *" $backend "* ]] || COMPREPLY+=("$backend")
    done <<<"$backends,"
  done < <(__hivectl_rows catalog)
}

__hivectl_reply_files() {
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  compopt -o filenames 2>/dev/null
}

__hivectl_reply_value() {
  case $option in
    --color) __hivectl_reply 'auto always never' ;;
    --source) __hivectl_reply 'binary git' ;;
    --network) __hivectl_reply 'allow forbid' ;;
    --cpu) __hivectl_reply 'native baseline x86-64-v2 x86-64-v3 x86-64-v4' ;;
    --config | --output | --socket | --from) __hivectl_reply_files ;;
    --backend) [[ $remote == yes ]] || __hivectl_reply_backends ;;
    --host)
      cur=${cur##*@}
      if declare -F _known_hosts_real >/dev/null; then
        _known_hosts_real -- "$cur"
      else
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
      fi
      ;;
  esac
}

__hivectl_reply_options() {
  local options='--host --no-ask-password --no-pager --json --color --version --help'

  case $verb in
    install) options+=' --backend --source --check --reinstall --network --cpu --from --install-dependencies --config --no-wait --quiet' ;;
    show) options+=' --backend' ;;
    recipe) options+=' --backend --source --check --srcinfo --config' ;;
    push) options+=' --store --no-wait --quiet' ;;
    export) options+=' --no-wait --quiet' ;;
    stores) options+=' --plain' ;;
    remove | rollback | model) options+=' --no-wait --quiet' ;;
    upgrade) options+=' --all --restart --no-wait --quiet' ;;
    verify | cancel) options+=' --quiet' ;;
    log) options+=' --follow --lines --quiet' ;;
    jobs) options+=' --all --follow --plain' ;;
    catalog | list | models | outdated) options+=' --plain' ;;
    build) options+=' --output --config --check --network --local-sources --quiet' ;;
    config) options+=' --check --plain' ;;
    start) options+=' --model --name --device --listen --context --idle-stop --start-timeout --memory-max --boot --allow-cpu --no-wait --quiet' ;;
    restart) options+=' --no-wait' ;;
    ps) options+=' --plain' ;;
    logs) options+=' --follow --lines' ;;
    web) options+=' --open --token --rotate --socket --config' ;;
  esac
  __hivectl_reply "$options"
}

# Names of another machine's hive would cost an ssh connection, and a password perhaps.
__hivectl_reply_argument() {
  if [[ -z $verb ]]; then
    __hivectl_reply 'catalog show recipe install remove list verify outdated upgrade rollback push export stores jobs log wait cancel status config capabilities web build toolchain models model start stop restart ps logs open key'
    return
  fi
  [[ $remote == no ]] || return
  [[ $verb != recipe || " ${words[*]} " != *' --check '* ]] || verb=build
  case $verb${#arguments[@]} in
    build0 | config0) __hivectl_reply_files ;;
    toolchain0) __hivectl_reply 'import' ;;
    toolchain1) __hivectl_reply 'rust node python go conda cuda' ;;
    install* | show0 | recipe0) __hivectl_reply_names < <(__hivectl_rows catalog) ;;
    export1) __hivectl_reply_files ;;
    remove* | upgrade* | rollback* | push* | export0 | verify0) __hivectl_reply_names < <(__hivectl_rows list) ;;
    start0) __hivectl_reply_names < <(__hivectl_rows list) ;;
    stop* | restart* | logs0 | open0 | key0) __hivectl_reply_names < <(__hivectl_rows ps) ;;
    log0) __hivectl_reply_jobs ;;
    wait*) __hivectl_reply_jobs queued running committing ;;
    cancel0) __hivectl_reply_jobs queued running ;;
  esac
}

_hivectl() {
  local words=() arguments=() verb='' option='' remote=no cur before

  COMPREPLY=()
  __hivectl_split
  __hivectl_parse
  if [[ -n $option ]]; then
    __hivectl_reply_value
  elif [[ $cur == -* ]]; then
    __hivectl_reply_options
  else
    __hivectl_reply_argument
  fi
  # What bash replaces may begin before what was looked for: COMP_WORDBREAKS decides.
  before=${2%"$cur"}
  COMPREPLY=("${COMPREPLY[@]/#/"$before"}")
}

complete -F _hivectl hivectl
