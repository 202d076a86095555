// A UDP socket that receives with recvmmsg and sends with sendmmsg, through
// slabs of memory that JavaScript reads and writes directly.
#ifndef NETLINK_XFRM_UDP_SOCKET_H_
#define NETLINK_XFRM_UDP_SOCKET_H_

#include <napi.h>

#include <memory>

#include "poll_handle.h"

namespace netlink_xfrm {

// What is known of one datagram beside its octets: 16 words in host order, shared with
// datagram-record.ts. Addresses are octets in network order, IPv4 in the first four.
struct DatagramRecord {
  uint32_t offset;      // of the octets in the slab
  uint32_t length;      // octets
  uint32_t port;        // of the remote end
  uint32_t interface_;  // received on, or to leave by (0: the routing table decides)
  uint32_t flags;       // kHasLocal, kHasTos, kHasMark, kTruncated
  uint32_t tos;         // sent: the whole TOS or traffic class octet
  uint32_t mark;        // sent: SO_MARK of this datagram
  uint32_t status;      // sent: 0 or the errno that kept it from leaving
  uint8_t remote[16];
  uint8_t local[16];
};
static_assert(sizeof(DatagramRecord) == 64, "datagram-record.ts counts on 16 words");

constexpr uint32_t kHasLocal = 1;
constexpr uint32_t kHasTos = 2;
constexpr uint32_t kHasMark = 4;
constexpr uint32_t kTruncated = 8;
constexpr unsigned kBatch = 64;

// JavaScript: new UdpSocket(rxSlab, rxRecords, txSlab, txRecords, (count: number, status: number) => void)
// `count` datagrams lie in rxSlab until the callback returns; `status` is an errno of the socket,
// or -1 when a flush that had to stop may go on.
// Every method answers 0 (or a value) or a negative errno; TypeErrors aside, none throws.
class UdpSocket final : public Napi::ObjectWrap<UdpSocket>, private PollOwner {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit UdpSocket(const Napi::CallbackInfo& info);
  ~UdpSocket() override;

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Bind(const Napi::CallbackInfo& info);
  Napi::Value LocalPort(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value SetOption(const Napi::CallbackInfo& info);
  Napi::Value GetOption(const Napi::CallbackInfo& info);
  Napi::Value SetRef(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void OnReady(int events, bool failed) override;
  void OnPollClosed(bool exiting) override;
  void Report(int count, int status);

  PollHandle* poll_ = nullptr;
  bool ipv6_ = false;
  Napi::FunctionReference callback_;
  Napi::Reference<Napi::Uint8Array> rx_slab_;
  Napi::Reference<Napi::Uint32Array> rx_records_;
  Napi::Reference<Napi::Uint8Array> tx_slab_;
  Napi::Reference<Napi::Uint32Array> tx_records_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_UDP_SOCKET_H_
