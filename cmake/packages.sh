# Sourced by the scripts. need PACKAGE...: installs the Debian packages that are missing, after naming them.
need() {
    missing=""
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
            missing="$missing $package"
        fi
    done
    if [ -z "$missing" ]; then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        echo "These Debian packages, or what they stand for on your system, are needed:$missing" >&2
        return 1
    fi
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        as_root="sudo"
    fi
    echo "Installing:$missing"
    # Without the lists of packages a fresh machine knows none of them.
    if ! DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
        $as_root apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
}

# want PACKAGE...: the same for what can be done without.
want() {
    need "$@" || echo "scorecam: $* cannot be had here; what needs it will be left out" >&2
}

# What the library's backends and the scorecam program are built with.
build_packages="g++ cmake ninja-build libeigen3-dev libxtensor-dev libopencv-dnn-dev libopencv-imgcodecs-dev
    libopencv-imgproc-dev libcli11-dev nlohmann-json3-dev libboost-dev"
