# What this machine has, as lines NAME=VALUE; what is in the way of measuring, as problem=SENTENCE. It makes its folder, and nothing else.
# Plain sh: a machine without Python can say so.
export LC_ALL=C
off=$(($(date +%s) - NOW))
problem() { echo "problem=$*"; }
NEW_MIB=1000 # an environment was 690 MB, a cache after its first run 251 MB
whole() { # a path whose home is filled in, as a batch file for Slurm does it
    case $1 in
        "~/"* | '$HOME/'* | '${HOME}/'*) echo "$HOME/${1#*/}" ;;
        *) echo "$1" ;;
    esac
}
PYTHON=$(whole "$PYTHON") PROJECT=$(whole "$PROJECT") LOCK=$(whole "$LOCK")
echo "home=$HOME"

case $FOLDER in
    "~/"*) FOLDER=$HOME/${FOLDER#??} ;;
    /*) ;;
    *) problem "its folder $FOLDER would be another one in every place: give a path from / or ~/ on (autogauge_folder)" ;;
esac
echo "folder=$FOLDER"
echo "session=$(date -u +%Y%m%dT%H%M%SZ)-$$"
echo "computer=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"

if ! said=$({ mkdir -p "$FOLDER" && : >"$FOLDER/.written" && rm "$FOLDER/.written"; } 2>&1); then
    problem "it cannot write to $FOLDER (${said##*: }): let its user do so, or name another folder (autogauge_folder)"
else
    free=$(df -Pk "$FOLDER" | awk 'NR == 2 { print int($4 / 1024) }')
    echo "free_mib=$free"
    # What a new machine is given, and makes, comes on top; 0 asks for nothing at all.
    needed=$LEAST_MIB
    added=
    if [ "$LEAST_MIB" -gt 0 ] && [ -z "$PYTHON" ] && [ ! -e "$FOLDER/venv/made-for" ]; then
        needed=$((LEAST_MIB + NEW_MIB))
        added=" ($NEW_MIB for the environment and the cache, which are made there, and $LEAST_MIB besides)"
    fi
    if [ "${free:-0}" -lt "$needed" ]; then
        problem "only $free MiB are free in $FOLDER, and $needed are needed$added: free some space, or name another folder (autogauge_folder, autogauge_least_free_mib)"
    fi
fi

called=autogauge_python
if [ -n "$PYTHON" ]; then python=$PYTHON
elif [ -x "$FOLDER/venv/bin/python" ]; then python=$FOLDER/venv/bin/python
else python=$BASE_PYTHON called=autogauge_base_python
fi
place=${PROJECT:-$FOLDER/$COPY}
[ ! -e "$place/.complete" ] || echo "project=there"
made_for=$(cat "$FOLDER/venv/made-for" 2>/dev/null)
[ -z "$made_for" ] || [ "$(sha256sum <"$place/requirements.txt")" != "$made_for" ] || echo "environment=made"
echo "python=$(command -v "$python" || echo "$python")"
said=$("$python" -I -c '
import importlib.util, sys
from importlib import metadata
print("python_version=%d.%d.%d" % sys.version_info[:3])
missing = [name for name in ("openvino", "pytest", "pytest_benchmark", "rich") if importlib.util.find_spec(name) is None]
print("missing=" + " ".join(missing))
print("openvino=" + ("" if "openvino" in missing else metadata.version("openvino")))
if sys.version_info < (3, 10):
    print("problem=its Python is %d.%d, and 3.10 is needed: name another one (%s)" % (*sys.version_info[:2], sys.argv[1]))
' "$called" 2>&1)
case $said in
    *python_version=*) echo "$said" ;;
    *) problem "$python does not start there ($(echo "$said" | tail -n 1)): install Python, or name it ($called)" ;;
esac
missing=$(echo "$said" | sed -n 's/^missing=//p')
if [ -n "$PYTHON" ] && [ -n "$missing" ]; then
    problem "$PYTHON has no ${missing%% *}: $PYTHON -m pip install -r requirements.txt there, or name another one (autogauge_python)"
fi
if [ -n "$PROJECT" ] && [ ! -e "$PROJECT/conftest.py" ]; then
    problem "there is no checkout in $PROJECT: leave autogauge_project out, and it is copied"
fi

lock_of() { # one line, or nothing where there is none
    [ -e "$1" ] || return 1
    if flock --shared --nonblock 9 9<"$1"; then echo "lock=free"
    else holder=$(head -c 300 "$1" | tr '\n' ' '); echo "lock=held by ${holder:-somebody who left no word}"
    fi
}
if [ -n "$LOCK" ]; then # the one that is named, and no other
    if [ -e "$LOCK" ] && { [ ! -f "$LOCK" ] || [ ! -r "$LOCK" ]; }; then
        problem "the lock $LOCK is no file that its user may read: mend that, or name another (autogauge_lock)"
    elif [ ! -e "$LOCK" ] && [ ! -d "${LOCK%/*}/" ]; then
        problem "there is no lock $LOCK, and no folder for it: make the folder, for all who measure there, or name another (autogauge_lock)"
    elif [ ! -e "$LOCK" ] && [ ! -w "${LOCK%/*}/" ]; then
        problem "there is no lock $LOCK, and user $(id -un 2>/dev/null || id -u) may not make one in that folder: let all who measure there write to it, or name another (autogauge_lock)"
    else lock_of "$LOCK" || echo "lock=free"
    fi
else
    for place in /run/lock /var/lock /tmp; do ! lock_of "$place/autogauge.lock" || break; done
fi

echo "clock_off_s=$off"
if [ "${off#-}" -gt "$CLOCK_S" ]; then
    problem "its clock is $off s off, over $CLOCK_S s (autogauge_clock_s), and every run would be saved under a wrong time: set it (timedatectl set-ntp true)"
fi
