/*
 * Sends IKE_SA_INIT requests from the addresses of a /16 that is local to this host, and counts the answers.
 *
 *   init-flood PEER PREFIX RATE SECONDS WINDOW < TEMPLATE
 *
 * PEER is the responder's IPv4 address (port 500), PREFIX the first two octets of the sources ("10.21"), RATE requests a
 * second (0: as fast as answers allow), WINDOW the most requests without answer (0: any number; then no pacing by
 * answers). TEMPLATE is one request; SPI and the 32 octets of the nonce are new in each. Prints one line:
 * sent, answers with a cookie, full answers, others.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define LOST_AFTER 0.2
#define COOKIE 16390

static uint64_t state = 0x9e3779b97f4a7c15u;
static unsigned long sent, cookies, full, others;
static double last_answer;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Offset of the first octet of the nonce, the payload of type 40. */
static size_t nonce_offset(const uint8_t *message, size_t length)
{
	uint8_t type = message[16];
	size_t at = 28;

	while (at + 4 <= length && type != 40) {
		type = message[at];
		at += (size_t)message[at + 2] << 8 | message[at + 3];
	}
	return at + 4;
}

static void count_answers(int fd)
{
	static uint8_t room[BATCH][2048];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int i, got;

	for (;;) {
		memset(messages, 0, sizeof(messages));
		for (i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){ room[i], sizeof(room[i]) };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (got <= 0)
			return;
		last_answer = now();
		for (i = 0; i < got; i++) {
			const uint8_t *m = room[i];

			if (messages[i].msg_len < 36)
				others++;
			else if (m[16] == 33)
				full++;
			else if (m[16] == 41 && (m[34] << 8 | m[35]) == COOKIE)
				cookies++;
			else
				others++;
		}
	}
}

static void send_batch(int fd, struct sockaddr_in *to, const uint8_t *template, size_t length,
		       size_t nonce, in_addr_t prefix, int amount)
{
	static uint8_t copies[BATCH][2048];
	static char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int i, done;

	memset(messages, 0, sizeof(messages));
	memset(control, 0, sizeof(control));
	for (i = 0; i < amount; i++) {
		struct msghdr *header = &messages[i].msg_hdr;
		struct cmsghdr *item;
		struct in_pktinfo source = { 0 };
		uint64_t spi = draw();
		size_t k;

		memcpy(copies[i], template, length);
		memcpy(copies[i], &spi, 8);
		for (k = 0; k < 32; k += 8) {
			uint64_t part = draw();

			memcpy(copies[i] + nonce + k, &part, 8);
		}
		parts[i] = (struct iovec){ copies[i], length };
		header->msg_name = to;
		header->msg_namelen = sizeof(*to);
		header->msg_iov = &parts[i];
		header->msg_iovlen = 1;
		header->msg_control = control[i];
		header->msg_controllen = sizeof(control[i]);
		item = CMSG_FIRSTHDR(header);
		item->cmsg_level = IPPROTO_IP;
		item->cmsg_type = IP_PKTINFO;
		item->cmsg_len = CMSG_LEN(sizeof(source));
		source.ipi_spec_dst.s_addr = prefix | htonl((uint32_t)(draw() % 65534 + 1));
		memcpy(CMSG_DATA(item), &source, sizeof(source));
	}
	done = sendmmsg(fd, messages, (unsigned int)amount, 0);
	if (done > 0)
		sent += (unsigned long)done;
}

int main(int argc, char **argv)
{
	uint8_t template[2048];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(500) };
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, size = 8 << 20;
	double rate, seconds, start;
	unsigned long window;
	char prefix[32];
	size_t length, nonce;

	if (argc != 6) {
		fprintf(stderr, "usage: init-flood PEER PREFIX RATE SECONDS WINDOW < TEMPLATE\n");
		return 64;
	}
	length = fread(template, 1, sizeof(template), stdin);
	nonce = nonce_offset(template, length);
	snprintf(prefix, sizeof(prefix), "%s.0.0", argv[2]);
	rate = atof(argv[3]);
	seconds = atof(argv[4]);
	window = strtoul(argv[5], NULL, 10);
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (length < 64 || nonce + 32 > length || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
		perror("init-flood");
		return 1;
	}
	state ^= (uint64_t)getpid() << 32;
	start = last_answer = now();
	for (double t = start; t < start + seconds; t = now()) {
		unsigned long answered = cookies + full + others;
		unsigned long due = rate > 0 ? (unsigned long)((t - start) * rate) : sent + BATCH;
		int amount = due > sent ? (int)(due - sent > BATCH ? BATCH : due - sent) : 0;

		count_answers(fd);
		/* What was lost is not waited for. */
		if (window > 0 && sent >= answered + window && now() - last_answer < LOST_AFTER)
			amount = 0;
		if (amount > 0) {
			send_batch(fd, &to, template, length, nonce, inet_addr(prefix), amount);
		} else {
			struct pollfd wait = { .fd = fd, .events = POLLIN };

			poll(&wait, 1, 1);
		}
	}
	while (now() - last_answer < LOST_AFTER && cookies + full + others < sent) {
		count_answers(fd);
		usleep(1000);
	}
	printf("%lu %lu %lu %lu\n", sent, cookies, full, others);
	return 0;
}
