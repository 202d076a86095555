#include "slab.h"

#include <openssl/crypto.h>

#include <new>

namespace libcrypto {

Slab* Slab::Create() { return new (std::nothrow) Slab(); }

napi_status Slab::Expose(napi_env env, napi_value* buffer) {
  const auto release = [](napi_env, void*, void* slab) { static_cast<Slab*>(slab)->Release(); };
  references_++;
  const napi_status status =
      napi_create_external_arraybuffer(env, octets_, kSlabOctets, release, this, buffer);
  if (status != napi_ok) Release();
  return status;
}

void Slab::Release() {
  if (--references_ > 0) return;
  OPENSSL_cleanse(octets_, kSlabOctets);
  delete this;
}

}  // namespace libcrypto
