/*
 * Preloaded into a daemon, puts a kernel that accepts every SA and policy and does nothing in the place of XFRM netlink:
 * the counterpart of plugins/kernel-null for a daemon that knows no such thing. What a request socket sends is answered
 * in the process, without a system call; everything but the requests below still goes to the kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <pthread.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#define MAX_FD 1024
#define MAX_ANSWER 512
#define MAX_WAITING 64

struct answer {
	int fd;
	size_t length;
	char octets[MAX_ANSWER];
};

static char is_xfrm[MAX_FD];
static struct answer waiting[MAX_WAITING];
static int count;
static unsigned int next_spi = 0xc0000000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int socket(int domain, int type, int protocol)
{
	static int (*real)(int, int, int);
	int fd;

	if (!real)
		real = dlsym(RTLD_NEXT, "socket");
	fd = real(domain, type, protocol);
	if (fd >= 0 && fd < MAX_FD)
		is_xfrm[fd] = domain == AF_NETLINK && protocol == NETLINK_XFRM &&
			      (type & 0xf) == SOCK_RAW;
	return fd;
}

/* The answer to a request that changes nothing but the kernel; 0 for any other. */
static size_t answer_to(const struct nlmsghdr *request, char *buffer)
{
	struct nlmsghdr *answer = (struct nlmsghdr *)buffer;

	switch (request->nlmsg_type) {
	case XFRM_MSG_ALLOCSPI: {
		const struct xfrm_userspi_info *asked = NLMSG_DATA(request);
		struct xfrm_usersa_info *sa = NLMSG_DATA(answer);

		answer->nlmsg_len = NLMSG_LENGTH(sizeof(*sa));
		answer->nlmsg_type = XFRM_MSG_NEWSA;
		*sa = asked->info;
		sa->id.spi = __builtin_bswap32(next_spi++);
		break;
	}
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
	case XFRM_MSG_DELSA:
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
	case XFRM_MSG_DELPOLICY: {
		struct nlmsgerr *error = NLMSG_DATA(answer);

		answer->nlmsg_len = NLMSG_LENGTH(sizeof(*error));
		answer->nlmsg_type = NLMSG_ERROR;
		error->msg = *request;
		break;
	}
	default:
		return 0;
	}
	answer->nlmsg_seq = request->nlmsg_seq;
	answer->nlmsg_pid = request->nlmsg_pid;
	return answer->nlmsg_len;
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
	       socklen_t to_length)
{
	static ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

	if (!real)
		real = dlsym(RTLD_NEXT, "sendto");
	if (fd >= 0 && fd < MAX_FD && is_xfrm[fd] && length >= NLMSG_HDRLEN) {
		size_t answered = 0;

		pthread_mutex_lock(&lock);
		if (count < MAX_WAITING) {
			struct answer *slot = &waiting[count];

			memset(slot, 0, sizeof(*slot));
			answered = answer_to(data, slot->octets);
			if (answered) {
				slot->fd = fd;
				slot->length = answered;
				count++;
			}
		}
		pthread_mutex_unlock(&lock);
		if (answered)
			return (ssize_t)length;
	}
	return real(fd, data, length, flags, to, to_length);
}

/* The oldest answer on a socket, if there is one. */
static ssize_t take(int fd, void *buffer, size_t room)
{
	ssize_t length = 0;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < count && waiting[i].fd != fd; i++)
		;
	if (i < count) {
		length = (ssize_t)waiting[i].length;
		memcpy(buffer, waiting[i].octets, (size_t)length < room ? (size_t)length : room);
		count--;
		memmove(&waiting[i], &waiting[i + 1], (size_t)(count - i) * sizeof(waiting[0]));
	}
	pthread_mutex_unlock(&lock);
	return length;
}

ssize_t recvfrom(int fd, void *buffer, size_t room, int flags, struct sockaddr *from,
		 socklen_t *from_length)
{
	static ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *);

	if (!real)
		real = dlsym(RTLD_NEXT, "recvfrom");
	if (fd >= 0 && fd < MAX_FD && is_xfrm[fd] && !from) {
		ssize_t length = take(fd, buffer, room);

		if (length > 0)
			return length;
	}
	return real(fd, buffer, room, flags, from, from_length);
}

/* A socket with an answer is readable. */
int select(int count_fds, fd_set *readable, fd_set *writable, fd_set *broken,
	   struct timeval *timeout)
{
	static int (*real)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
	int i, found = 0;
	fd_set answered;

	if (!real)
		real = dlsym(RTLD_NEXT, "select");
	FD_ZERO(&answered);
	pthread_mutex_lock(&lock);
	for (i = 0; readable && i < count; i++) {
		int fd = waiting[i].fd;

		if (fd < count_fds && FD_ISSET(fd, readable) && !FD_ISSET(fd, &answered)) {
			FD_SET(fd, &answered);
			found++;
		}
	}
	pthread_mutex_unlock(&lock);
	if (!found)
		return real(count_fds, readable, writable, broken, timeout);
	*readable = answered;
	if (writable)
		FD_ZERO(writable);
	if (broken)
		FD_ZERO(broken);
	return found;
}

ssize_t recv(int fd, void *buffer, size_t room, int flags)
{
	return recvfrom(fd, buffer, room, flags, NULL, NULL);
}
