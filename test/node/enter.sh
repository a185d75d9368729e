# Process 1 of a node, run by busybox. What it starts ends with it, and so do its mounts and its network.
#     sh enter.sh ROOT FOLDER NODES TYPE:OPTIONS:PLACE... -- SEEN...
# ROOT is the unpacked root, FOLDER the node's own, and NODES how many there are. Each PLACE is where control groups of this TYPE and with these OPTIONS
# are mounted. Each SEEN is a folder that the node sees where the machine has it.
set -eu
here=${0%/*} root=$1 folder=$2 nodes=$3
shift 3

# The node writes into memory: nothing is left of it, and containerd can stack its layers wherever the tests run.
mount -t tmpfs tmpfs "$folder/root"
mkdir -p "$folder/root/upper" "$folder/root/work" "$folder/root/merged"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/root/upper,workdir=$folder/root/work" "$folder/root/merged"
cd "$folder/root/merged"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs var
mount --rbind /dev dev

mount -t tmpfs tmpfs sys/fs/cgroup
while [ "$1" != -- ]; do
  place=${1##*:} options=${1#*:}
  mkdir -p ".$place"
  mount -t "${1%%:*}" -o "${options%:*}" cgroup ".$place"
  shift
done
shift

# The kubelet sets these for the whole machine.
mkdir run/sysctl
for name in vm/overcommit_memory kernel/panic kernel/panic_on_oops; do
  file=run/sysctl/${name#*/}
  cat "/proc/sys/$name" > "$file"
  mount --bind "$file" "proc/sys/$name"
done

for seen in "$folder" "$@"; do
  mkdir -p ".$seen"
  mount --bind "$seen" ".$seen"
done
pivot_root . machine
umount -l /machine
mount --make-rshared /

hostname node
ip link set lo up
# The kubelet takes no loopback address. What the node sends elsewhere goes to an address that nobody has.
ip link add node type bridge
for number in $(seq "$nodes"); do ip address add "172.30.0.$number/24" dev node; done
ip link set node up
ip route add default via 172.30.0.254
echo 1 > /proc/sys/net/ipv4/ip_forward
echo '127.0.0.1 localhost node' > /etc/hosts

# Not exec: this shell takes the processes that lose their parent.
/nodejs/bin/node "$here/inside.ts" "$folder" "$nodes"
