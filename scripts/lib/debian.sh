# shellcheck shell=bash
# What several scripts need of Debian: packages, and another suite from the mirror this machine already uses.

# install_packages NAME...: installs those that are missing, with apt; several scripts may do so at a time
install_packages() {
  local missing=() name lock
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing: ${missing[*]}" >&2
  exec {lock}>/run/lock/charon-ts.apt
  flock "$lock"
  # package lists may be missing or old
  if ! apt_install "${missing[@]}" 2>/dev/null; then
    apt-get -qq update >&2
    apt_install "${missing[@]}"
  fi
  exec {lock}>&-
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" >/dev/null
}

# debian_mirror: the address from which this machine gets its own release
debian_mirror() {
  local codename mirror
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(mirror_of "$codename")
  if [ -z "$mirror" ]; then
    apt-get -qq update >&2
    mirror=$(mirror_of "$codename")
  fi
  [ -n "$mirror" ] || { echo "apt knows no mirror of Debian $codename: see /etc/apt/sources.list" >&2; return 1; }
  echo "$mirror"
}

mirror_of() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
    awk -v codename="$1" '$2 == codename && $3 == "Debian" { print $1; exit }'
}

# debian_source SUITE: one line of sources.list, verified with the archive's keys
debian_source() {
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $1 main"
}

# debian_root SUITE DIRECTORY PACKAGES(comma-separated) [MMDEBSTRAP OPTION...]: a minimal root with these packages
debian_root() {
  local suite=$1 directory=$2 packages=$3
  shift 3
  mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' "$@" \
    "$suite" "$directory" "$(debian_source "$suite")"
}

# download_package SUITE NAME DIRECTORY: the .deb of another suite, not installed
download_package() {
  local apt=$3/apt
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  debian_source "$1" >"$apt/sources.list"
  (
    cd "$3"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o 'Dir::Etc::SourceParts=/dev/null'
      -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt" -o 'Acquire::Check-Valid-Until=false'
      -o 'APT::Sandbox::User=root')
    apt-get "${options[@]}" update
    apt-get "${options[@]}" download "$2"
  )
}
