// The export list of the addon.
#include <napi.h>

#include "local_datagram.h"
#include "netlink_socket.h"
#include "peer_credentials.h"
#include "udp_socket.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("LocalDatagram", netlink_xfrm::LocalDatagram::Define(env));
  exports.Set("NetlinkSocket", netlink_xfrm::NetlinkSocket::Define(env));
  exports.Set("peerCredentials",
              Napi::Function::New<netlink_xfrm::PeerCredentials>(env, "peerCredentials"));
  exports.Set("UdpSocket", netlink_xfrm::UdpSocket::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(netlink_xfrm, Init)
