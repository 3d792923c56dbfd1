# What this machine has, as lines NAME=VALUE; what is in the way of measuring, as problem=SENTENCE. It makes its folder, and nothing else.
# Plain sh: a machine without Python can say so.
export LC_ALL=C
off=$(($(date +%s) - NOW))
problem() { echo "problem=$*"; }

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
    if [ "${free:-0}" -lt "$LEAST_MIB" ]; then
        problem "only $free MiB are free in $FOLDER, and $LEAST_MIB are needed: free some space (autogauge_least_free_mib)"
    fi
fi

if [ -n "$PYTHON" ]; then python=$PYTHON
elif [ -x "$FOLDER/venv/bin/python" ]; then python=$FOLDER/venv/bin/python
else python=$BASE_PYTHON
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
    print("problem=its Python is %d.%d, and 3.10 is needed: name another one (autogauge_python)" % sys.version_info[:2])
' 2>&1)
case $said in
    *python_version=*) echo "$said" ;;
    *) problem "$python does not start there ($(echo "$said" | tail -n 1)): install Python, or name it (autogauge_python)" ;;
esac
missing=$(echo "$said" | sed -n 's/^missing=//p')
if [ -n "$PYTHON" ] && [ -n "$missing" ]; then
    problem "$PYTHON has no ${missing%% *}: $PYTHON -m pip install -r requirements.txt there, or name another one (autogauge_python)"
fi
if [ -n "$PROJECT" ] && [ ! -e "$PROJECT/conftest.py" ]; then
    problem "there is no checkout in $PROJECT: leave autogauge_project out, and it is copied"
fi

for place in ${LOCK:-/run/lock/autogauge.lock /var/lock/autogauge.lock /tmp/autogauge.lock}; do
    [ -e "$place" ] || continue
    if flock --shared --nonblock 9 9<"$place"; then echo "lock=free"
    else echo "lock=held by $(head -c 300 "$place" | tr '\n=' ' :')"
    fi
    break
done

echo "clock_off_s=$off"
if [ "${off#-}" -gt "$CLOCK_S" ]; then
    problem "its clock is $off s off, and every run would be saved under a wrong time: set it (timedatectl set-ntp true)"
fi
