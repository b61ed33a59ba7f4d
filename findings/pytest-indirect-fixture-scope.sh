#!/usr/bin/env bash
# pytest 9.2.0 makes a module's fixture again for each test where it is one of two parameters.
#
# A fixture of scope "module" that takes its parameter indirectly is made once for each value, as
# long as `parametrize` names it alone. Beside a plain argument, in one `parametrize`, the parameter
# has the scope of a function: pytest ends the fixture after each test and makes it again, although
# its value stays. A server that was meant to be shared starts as often as before, and nothing says
# so. `scope="module"` in `parametrize` shares it, but sorts the tests by both arguments' places.
#
# Seen with pytest 9.2.0, Python 3.11.7: how often the fixture of three tests with one value starts
#   alone: 1
#   beside another argument: 3
#   beside another argument, scope="module": 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 2>pip || { cat pip; exit 2; }

try() {  # the parameters of the tests
    cat >test_it.py <<PYTHON
import pytest

@pytest.fixture(scope="module")
def server(request):
    with open("starts", "a") as starts:
        print(request.param, file=starts)

@pytest.mark.parametrize("step", ["a", "b", "c"])
@pytest.mark.parametrize("server", ["one"], indirect=True)
def test_alone(server, step):
    pass

@pytest.mark.parametrize(("step", "server"), [(step, "one") for step in "abc"], $1)
def test_beside(server, step):
    pass
PYTHON
    rm -f starts
    venv/bin/python -m pytest -q -p no:cacheprovider test_it.py -k "$2" >log || { cat log; exit 2; }
    echo "$3: $(wc -l <starts)"
}
{
    try 'indirect=["server"]' alone "alone"
    try 'indirect=["server"]' beside "beside another argument"
    try 'indirect=["server"], scope="module"' beside 'beside another argument, scope="module"'
} >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
alone: 1
beside another argument: 3
beside another argument, scope="module": 1
SEEN
