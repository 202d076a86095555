# What systemd does for a service with a socket, of the size of a test: opens the VICI socket and one for notifications, starts
# the service, prints what it is told, and ends like the service. Run as: perl service-manager.pl FOLDER COMMAND...
use strict;
use warnings;
use Socket;

my ($folder, @command) = @ARGV;
$| = 1;
$^F = 9;    # descriptors up to here stay open in the service
socket(my $vici, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
die "the descriptor is not 3" if fileno($vici) != 3;
bind($vici, sockaddr_un("$folder/opened.vici")) or die "bind: $!";
listen($vici, 8) or die "listen: $!";
$^F = 2;
socket(my $notify, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($notify, sockaddr_un("$folder/notify")) or die "bind: $!";

my $service = fork() // die "fork: $!";
if ($service == 0) {
    %ENV = (%ENV,
        NOTIFY_SOCKET => "$folder/notify", WATCHDOG_USEC => 400_000, WATCHDOG_PID => $$,
        LISTEN_PID => $$, LISTEN_FDS => 1, LISTEN_FDNAMES => 'vici',
        RUNTIME_DIRECTORY => "$folder/runtime", STATE_DIRECTORY => "$folder/state");
    exec @command or die "exec: $!";
}
my $code;
$SIG{CHLD} = sub { waitpid($service, 0); $code = $? >> 8; };
$SIG{TERM} = sub { kill 'TERM', $service };
until (defined $code) {
    my $datagram;
    next unless defined recv($notify, $datagram, 4096, 0);
    print "told: $_\n" for split /\n/, $datagram;
}
exit $code;
