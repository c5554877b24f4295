# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fish completion for hivectl(1). Workers and jobs are asked of the hive at each key press; where none answers in time
# there is nothing to choose from. What it says is data: no name of it is expanded, and one that is no name is left out.

# The words before the cursor without options and their values, the verb first.
function __hivectl_words
    set -l words (commandline -opc)
    set -l only_arguments no
    set -l value no
    for word in $words[2..-1]
        if test $value = yes
            set value no
        else if test $only_arguments = yes
            echo -- $word
        else
            switch $word
                case --
                    set only_arguments yes
                case --host -H --backend --color --source --network --cpu --from --store --output -o --config --socket --lines -n --model --name --device --listen --context --idle-stop --start-timeout --memory-max
                    set value yes
                case '-*'
                case '*'
                    echo -- $word
            end
        end
    end
end

# Whether the verb is one of these; without any, whether there is none yet.
function __hivectl_verb_is
    set -l words (__hivectl_words)
    if test (count $argv) -eq 0
        test (count $words) -eq 0
    else
        contains -- "$words[1]" $argv
    end
end

# The same, and its only argument is not there yet.
function __hivectl_wants_one
    __hivectl_verb_is $argv; and test (count (__hivectl_words)) -eq 1
end

# The rows of a list, tabs between their columns. Those of another machine's hive would cost an ssh connection, and a
# password perhaps.
function __hivectl_rows
    if not string match -qr -- '^(-H|--host(=|$))' (commandline -opc)
        timeout 2 hivectl $argv --plain </dev/null 2>/dev/null
    end
end

# The workers of `hivectl $argv[1]` that are not on the line yet, described by their column $argv[2].
function __hivectl_workers
    set -l words (__hivectl_words)
    for row in (__hivectl_rows $argv[1])
        set -l columns (string split \t -- $row)
        if string match -qr -- '^[a-zA-Z0-9][a-zA-Z0-9._-]*$' $columns[1]; and not contains -- $columns[1] $words[2..-1]
            printf '%s\t%s\n' $columns[1] $columns[$argv[2]]
        end
    end
end

# The jobs in one of the given states (none: any), the newest first: the latest, or all once a number is begun.
function __hivectl_jobs
    set -l all
    string length -q -- (commandline -ct); and set all --all
    set -l rows (__hivectl_rows jobs $all)
    for row in $rows[-1..1]
        set -l columns (string split \t -- $row)
        if string match -qr -- '^[0-9]+$' $columns[1]; and begin
                not set -q argv[1]; or contains -- $columns[4] $argv
            end
            printf '%s\t%s %s, %s\n' $columns[1..4]
        end
    end
end

# The backends of the workers that are on the line already, or of all.
function __hivectl_backends
    set -l words (__hivectl_words)
    set -l named
    set -l all
    for row in (__hivectl_rows catalog)
        set -l columns (string split \t -- $row)
        set -l backends (string match -r -- '^[a-zA-Z0-9][a-zA-Z0-9._-]*$' (string split , -- $columns[3]))
        set -a all $backends
        contains -- $columns[1] $words[2..-1]; and set -a named $backends
    end
    set -q named[1]; or set named $all
    set -q named[1]; and printf '%s\n' $named
end

complete -c hivectl -f

complete -c hivectl -n __hivectl_verb_is -a catalog -d 'List the workers there are'
complete -c hivectl -n __hivectl_verb_is -a show -d 'Show what the catalog says of a worker'
complete -c hivectl -n __hivectl_verb_is -a recipe -d 'Show the PKGBUILD by which a worker is built'
complete -c hivectl -n __hivectl_verb_is -a install -d 'Build and install workers of the catalog'
complete -c hivectl -n __hivectl_verb_is -a remove -d 'Remove installed workers'
complete -c hivectl -n __hivectl_verb_is -a list -d 'List the workers installed here'
complete -c hivectl -n __hivectl_verb_is -a models -d 'List the models there are'
complete -c hivectl -n __hivectl_verb_is -a model -d 'Fetch, copy, remove or verify models'
complete -c hivectl -n __hivectl_verb_is -a verify -d 'Compare installed files with what was installed'
complete -c hivectl -n __hivectl_verb_is -a outdated -d 'List workers that have a newer version'
complete -c hivectl -n __hivectl_verb_is -a upgrade -d 'Build and install newer versions of workers'
complete -c hivectl -n __hivectl_verb_is -a push -d 'Put what was built here into a store'
complete -c hivectl -n __hivectl_verb_is -a export -d 'Put what was built here into a folder'
complete -c hivectl -n __hivectl_verb_is -a stores -d 'List the stores of ready builds'
complete -c hivectl -n __hivectl_verb_is -a rollback -d 'Put back the version that was replaced'
complete -c hivectl -n __hivectl_verb_is -a jobs -d 'List installs and removals, running and past'
complete -c hivectl -n __hivectl_verb_is -a log -d 'Show a job\'s log'
complete -c hivectl -n __hivectl_verb_is -a wait -d 'Wait until jobs have ended'
complete -c hivectl -n __hivectl_verb_is -a cancel -d 'Cancel a job that waits or runs'
complete -c hivectl -n __hivectl_verb_is -a status -d 'Show whether the hive runs and can install'
complete -c hivectl -n __hivectl_verb_is -a config -d 'Show the configuration, and where it is from'
complete -c hivectl -n __hivectl_verb_is -a capabilities -d 'Show the machine\'s devices and workers'
complete -c hivectl -n __hivectl_verb_is -a web -d 'Print a link that opens the web page'
complete -c hivectl -n __hivectl_verb_is -a build -d 'Build a PKGBUILD of your own, and install nothing'
complete -c hivectl -n __hivectl_verb_is -a toolchain -d 'Copy a toolchain from your home to /opt'
complete -c hivectl -n __hivectl_verb_is -a start -d 'Run an installed worker'
complete -c hivectl -n __hivectl_verb_is -a stop -d 'End instances of workers'
complete -c hivectl -n __hivectl_verb_is -a restart -d 'Restart instances'
complete -c hivectl -n __hivectl_verb_is -a ps -d 'List the workers that run, or wait for a request'
complete -c hivectl -n __hivectl_verb_is -a logs -d 'Show what an instance printed'
complete -c hivectl -n __hivectl_verb_is -a open -d 'Open the page that an instance has itself'
complete -c hivectl -n __hivectl_verb_is -a key -d 'Print the API key of an instance'

complete -c hivectl -n '__hivectl_verb_is install' -a '(__hivectl_workers catalog 5)'
complete -c hivectl -n '__hivectl_wants_one show recipe; and not __fish_contains_opt check' -a '(__hivectl_workers catalog 5)'
complete -c hivectl -n '__hivectl_verb_is remove upgrade rollback push' -a '(__hivectl_workers list 2)'
complete -c hivectl -n '__hivectl_wants_one start' -a '(__hivectl_workers list 2)'
complete -c hivectl -n '__hivectl_verb_is stop restart' -a '(__hivectl_workers ps 2)'
complete -c hivectl -n '__hivectl_wants_one logs open key' -a '(__hivectl_workers ps 2)'
complete -c hivectl -n '__hivectl_wants_one verify' -a '(__hivectl_workers list 2)'
complete -c hivectl -n '__hivectl_wants_one build config' -F
complete -c hivectl -n '__hivectl_wants_one toolchain' -a import
complete -c hivectl -n '__hivectl_wants_one recipe; and __fish_contains_opt check' -F
complete -c hivectl -n '__hivectl_wants_one log' -k -a '(__hivectl_jobs)'
complete -c hivectl -n '__hivectl_verb_is wait' -k -a '(__hivectl_jobs queued running committing)'
complete -c hivectl -n '__hivectl_wants_one cancel' -k -a '(__hivectl_jobs queued running)'

complete -c hivectl -s H -l host -x -a '(__fish_complete_user_at_hosts)' -d 'Ask the hives of other machines, by ssh'
complete -c hivectl -l no-ask-password -d 'Fail where a password would be asked for'
complete -c hivectl -l no-pager -d 'Show long output whole, without less'
complete -c hivectl -l json -d 'Print JSON'
complete -c hivectl -l color -x -a 'auto always never' -d 'When to use colours'
complete -c hivectl -l version -d 'Print the version'
complete -c hivectl -s h -l help -d 'Print help'

complete -c hivectl -n '__hivectl_verb_is install recipe show' -l backend -x -a '(__hivectl_backends)' -d 'The variant of a worker that has several'
complete -c hivectl -n '__hivectl_verb_is install recipe' -l source -x -a 'binary git' -d 'Take what was built, or build it'
complete -c hivectl -n '__hivectl_verb_is build' -s o -l output -r -d 'Leave the packages\' trees there'
complete -c hivectl -n '__hivectl_verb_is build' -l local-sources -d 'Take sources from all of this machine too'
complete -c hivectl -n '__hivectl_verb_is recipe' -l check -d 'Check a PKGBUILD of your own; say what it is'
complete -c hivectl -n '__hivectl_verb_is config' -l check -d 'Try a file, and say what is wrong with it'
complete -c hivectl -n '__hivectl_verb_is recipe' -l srcinfo -d 'With --check: print it as a .SRCINFO file'
complete -c hivectl -n '__hivectl_verb_is build recipe install web' -l config -r -d 'Read another hive.conf than the installed one'
complete -c hivectl -n '__hivectl_verb_is install build' -l check -d 'Run the recipe\'s tests too'
complete -c hivectl -n '__hivectl_verb_is install' -l reinstall -d 'Build again what is installed already'
complete -c hivectl -n '__hivectl_verb_is install build' -l network -x -a 'allow forbid' -d 'Whether prepare() and build() have a network'
complete -c hivectl -n '__hivectl_verb_is install' -l from -r -d 'Take it from this folder of ready builds'
complete -c hivectl -n '__hivectl_verb_is push' -l store -x -d 'Which store, where there are several'
complete -c hivectl -n '__hivectl_verb_is export' -F
complete -c hivectl -n '__hivectl_wants_one export' -a '(__hivectl_workers list 2)'
complete -c hivectl -n '__hivectl_verb_is install' -l cpu -x -a 'native baseline x86-64-v2 x86-64-v3 x86-64-v4' -d 'For which processors'
complete -c hivectl -n '__hivectl_verb_is install' -l install-dependencies -d 'Install the system packages that are missing too'
complete -c hivectl -n '__hivectl_verb_is install remove upgrade rollback push export start restart model' -l no-wait -d 'Print the job\'s id and return'
complete -c hivectl -n '__hivectl_verb_is install remove upgrade rollback push export verify log cancel build start model' -s q -l quiet -d 'Show nothing but errors'
complete -c hivectl -n '__hivectl_verb_is log logs' -s f -l follow -d 'Show what comes, until the job ends'
complete -c hivectl -n '__hivectl_verb_is jobs' -s f -l follow -d 'Keep it up to date, until no job is active'
complete -c hivectl -n '__hivectl_verb_is log logs' -s n -l lines -x -a '10 100 all' -d 'Show only the last lines of what is there'
complete -c hivectl -n '__hivectl_verb_is upgrade' -l restart -d 'Restart what runs the version before'
complete -c hivectl -n '__hivectl_verb_is jobs upgrade' -s a -l all -d 'All there are, not only the newest or the named'
complete -c hivectl -n '__hivectl_verb_is catalog list models outdated jobs config ps stores' -l plain -d 'Print rows alone, tabs between their columns'
complete -c hivectl -n '__hivectl_verb_is web' -l open -d 'Open the page in a browser'
complete -c hivectl -n '__hivectl_verb_is web' -l token -d 'Print a token for a script instead'
complete -c hivectl -n '__hivectl_verb_is web' -l rotate -d 'Make every token void that was ever given'
complete -c hivectl -n '__hivectl_verb_is web' -l socket -r -d 'The bridge\'s socket, where it is another one'
complete -c hivectl -n '__hivectl_verb_is start' -l model -x -d 'The model it runs with'
complete -c hivectl -n '__hivectl_verb_is start' -l name -x -d 'Name of the instance'
complete -c hivectl -n '__hivectl_verb_is start' -l device -x -d 'The device it computes with'
complete -c hivectl -n '__hivectl_verb_is start' -l listen -x -d 'Where it is reached: a socket, or an address'
complete -c hivectl -n '__hivectl_verb_is start' -l context -x -d 'How many tokens a context has'
complete -c hivectl -n '__hivectl_verb_is start' -l idle-stop -x -d 'End it when nobody asked for so long'
complete -c hivectl -n '__hivectl_verb_is start' -l start-timeout -x -d 'How long it may take to be ready'
complete -c hivectl -n '__hivectl_verb_is start' -l memory-max -x -d 'How much memory it may take'
complete -c hivectl -n '__hivectl_verb_is start' -l boot -d 'Run it after each boot too'
complete -c hivectl -n '__hivectl_verb_is start' -l allow-cpu -d 'Run a worker for cards without one too'
