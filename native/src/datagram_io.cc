#include "datagram_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

namespace netlink_xfrm {
namespace {

constexpr size_t kControlOctets =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t));

// The kernel wants control buffers aligned as cmsghdr is.
union Control {
  cmsghdr align;
  uint8_t octets[kControlOctets];
};

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct Batch {
  mmsghdr messages[kBatch];
  iovec parts[kBatch];
  Address addresses[kBatch];
  Control controls[kBatch];
};

// One event loop per thread, and no call here re-enters.
thread_local Batch batch;

void ReadLocal(msghdr* header, DatagramRecord* record) {
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      // The address to answer from, also when the packet came by broadcast.
      memcpy(record->local, &info.ipi_spec_dst, 4);
      record->interface_ = static_cast<uint32_t>(info.ipi_ifindex);
      record->flags |= kHasLocal;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      memcpy(record->local, &info.ipi6_addr, 16);
      record->interface_ = info.ipi6_ifindex;
      record->flags |= kHasLocal;
    }
  }
}

size_t AddControl(Control* control, size_t used, int level, int type, const void* data,
                  size_t size) {
  auto* c = reinterpret_cast<cmsghdr*>(control->octets + used);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(c), data, size);
  return used + CMSG_SPACE(size);
}

size_t WriteControl(const DatagramRecord& record, bool ipv6, Control* control) {
  memset(control, 0, sizeof(*control));
  size_t used = 0;
  if ((record.flags & kHasLocal) != 0 || record.interface_ != 0) {
    if (ipv6) {
      in6_pktinfo info = {};
      if ((record.flags & kHasLocal) != 0) memcpy(&info.ipi6_addr, record.local, 16);
      info.ipi6_ifindex = record.interface_;
      used = AddControl(control, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    } else {
      in_pktinfo info = {};
      if ((record.flags & kHasLocal) != 0) memcpy(&info.ipi_spec_dst, record.local, 4);
      info.ipi_ifindex = static_cast<int>(record.interface_);
      used = AddControl(control, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
  }
  if ((record.flags & kHasTos) != 0) {
    const int tos = static_cast<int>(record.tos & 0xff);
    used = AddControl(control, used, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_TCLASS : IP_TOS,
                      &tos, sizeof(tos));
  }
  if ((record.flags & kHasMark) != 0) {
    used = AddControl(control, used, SOL_SOCKET, SO_MARK, &record.mark, sizeof(record.mark));
  }
  return used;
}

socklen_t WriteRemote(const DatagramRecord& record, bool ipv6, Address* address) {
  memset(address, 0, sizeof(*address));
  const auto port = htons(static_cast<uint16_t>(record.port));
  if (!ipv6) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = port;
    memcpy(&address->v4.sin_addr, record.remote, 4);
    return sizeof(address->v4);
  }
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = port;
  memcpy(&address->v6.sin6_addr, record.remote, 16);
  // Only link-local addresses need the zone.
  if (record.remote[0] == 0xfe && (record.remote[1] & 0xc0) == 0x80) {
    address->v6.sin6_scope_id = record.interface_;
  }
  return sizeof(address->v6);
}

}  // namespace

int ReceiveBatch(int fd, bool ipv6, const Slab& slab) {
  const size_t room = std::min<size_t>(kBatch, slab.count);
  const size_t share = slab.length / room;
  for (size_t i = 0; i < room; i++) {
    batch.parts[i] = {slab.octets + i * share, share};
    msghdr& header = batch.messages[i].msg_hdr;
    header = {};
    header.msg_name = &batch.addresses[i];
    header.msg_namelen = sizeof(Address);
    header.msg_iov = &batch.parts[i];
    header.msg_iovlen = 1;
    header.msg_control = &batch.controls[i];
    header.msg_controllen = sizeof(Control);
  }
  int received;
  do {
    received = recvmmsg(fd, batch.messages, room, MSG_DONTWAIT, nullptr);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return -errno;
  for (int i = 0; i < received; i++) {
    DatagramRecord& record = slab.records[i];
    record = {};
    record.offset = static_cast<uint32_t>(i * share);
    record.length = batch.messages[i].msg_len;
    if ((batch.messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) record.flags |= kTruncated;
    const Address& from = batch.addresses[i];
    if (ipv6) {
      record.port = ntohs(from.v6.sin6_port);
      memcpy(record.remote, &from.v6.sin6_addr, 16);
    } else {
      record.port = ntohs(from.v4.sin_port);
      memcpy(record.remote, &from.v4.sin_addr, 4);
    }
    ReadLocal(&batch.messages[i].msg_hdr, &record);
  }
  return received;
}

int SendBatch(int fd, bool ipv6, const Slab& slab, size_t first, size_t count) {
  size_t done = 0;
  while (done < count) {
    const size_t room = std::min<size_t>(kBatch, count - done);
    for (size_t i = 0; i < room; i++) {
      DatagramRecord& record = slab.records[first + done + i];
      record.status = 0;
      batch.parts[i] = {slab.octets + record.offset, record.length};
      msghdr& header = batch.messages[i].msg_hdr;
      header = {};
      header.msg_name = &batch.addresses[i];
      header.msg_namelen = WriteRemote(record, ipv6, &batch.addresses[i]);
      header.msg_iov = &batch.parts[i];
      header.msg_iovlen = 1;
      header.msg_controllen = WriteControl(record, ipv6, &batch.controls[i]);
      header.msg_control = header.msg_controllen == 0 ? nullptr : &batch.controls[i];
    }
    const int sent = sendmmsg(fd, batch.messages, room, MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) break;
    // The error belongs to the first datagram of the batch; the others still deserve their try.
    slab.records[first + done].status = static_cast<uint32_t>(errno);
    done++;
  }
  return static_cast<int>(done);
}

}  // namespace netlink_xfrm
