// The memory through which JavaScript and this addon exchange octets.
#ifndef LIBCRYPTO_SLAB_H_
#define LIBCRYPTO_SLAB_H_

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace libcrypto {

// The largest IKE message twice, a key and a nonce; callers divide what is longer or take another way.
constexpr size_t kSlabOctets = 144 * 1024;

// One block of memory, shown to JavaScript as an ArrayBuffer: handing over arrays one by one would cost more than the
// arithmetic, and would move each small one out of the heap of objects. It lives until both sides have let go, so that script that
// detaches or drops the ArrayBuffer cannot pull it from under a call.
class Slab {
 public:
  // Zeroed, with one reference; nullptr if memory is short.
  static Slab* Create();
  // An ArrayBuffer over it, with a reference of its own.
  napi_status Expose(napi_env env, napi_value* buffer);
  // Gives one reference back; the last one wipes and frees it.
  void Release();

  uint8_t* octets() { return octets_; }

 private:
  std::atomic<int> references_{1};
  uint8_t octets_[kSlabOctets] = {};
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_SLAB_H_
