// recvmmsg and sendmmsg between slabs and a socket; plain C++, no JavaScript.
#ifndef NETLINK_XFRM_DATAGRAM_IO_H_
#define NETLINK_XFRM_DATAGRAM_IO_H_

#include <stddef.h>

#include "udp_socket.h"

namespace netlink_xfrm {

// A slab and the records that describe it, valid for one call.
struct Slab {
  uint8_t* octets;
  size_t length;
  DatagramRecord* records;
  size_t count;
};

// Receives up to kBatch datagrams, each into its own equal share of the slab.
// Answers how many, or a negative errno.
int ReceiveBatch(int fd, bool ipv6, const Slab& slab);

// Sends records first .. first + count - 1. Answers how many were consumed (sent, or
// refused with the errno in their status) before the socket would have blocked.
int SendBatch(int fd, bool ipv6, const Slab& slab, size_t first, size_t count);

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_DATAGRAM_IO_H_
