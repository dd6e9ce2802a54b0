"""One process that starts the others, keeps them running and leaves none behind: what `manage.py up` stands on.

`program` says what a process is, `keeper` keeps one running, `supervisor` starts and stops all of them in order,
`console` shows and stores what they write, `tether` ends them should the supervisor itself be killed. `embedded` knows
which processes Sickbay consists of, `preflight` refuses what could not work, in one clear line each.
"""
