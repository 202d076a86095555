// What every function of this addon has in common: whole numbers in, a status out, octets in the slab.
#ifndef LIBCRYPTO_CALL_H_
#define LIBCRYPTO_CALL_H_

#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdint.h>

#include <initializer_list>

#include "slab.h"

namespace libcrypto {

// Shared with libcrypto.ts.
enum Status : int32_t {
  kDone = 0,
  kRefused = 1,  // what the peer sent: a forged ICV, a public value that must not be used
  kFailed = 2,   // libcrypto lacks the algorithm or has no memory
  kMisused = 3,  // arguments that fit no algorithm, or lengths beyond the slab
};

// Whether parts of these lengths fit into the slab one after the other.
template <typename... Lengths>
bool Fits(Lengths... lengths) {
  size_t room = kSlabOctets;
  for (const size_t length : {static_cast<size_t>(lengths)...}) {
    if (length > room) return false;
    room -= length;
  }
  return true;
}

// A Node-API callback of `function(algorithms, slab, numbers...)`, where `algorithms` came as the data of the function.
template <typename Owner, size_t N, Status (Owner::*Function)(uint8_t* slab, const uint32_t (&)[N])>
napi_value Call(napi_env env, napi_callback_info info) {
  size_t count = N;
  napi_value values[N] = {};
  void* data = nullptr;
  uint32_t numbers[N] = {};
  Status status = kMisused;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) == napi_ok && count == N) {
    bool sound = true;
    for (size_t i = 0; i < N; i++) {
      sound = sound && napi_get_value_uint32(env, values[i], &numbers[i]) == napi_ok;
    }
    auto* owner = static_cast<Owner*>(data);
    if (sound) status = (owner->*Function)(owner->slab(), numbers);
    // What libcrypto noted must not surface in a later call of Node's own.
    if (status != kDone) ERR_clear_error();
  }
  napi_value result = nullptr;
  return napi_create_int32(env, status, &result) == napi_ok ? result : nullptr;
}

}  // namespace libcrypto

#endif  // LIBCRYPTO_CALL_H_
