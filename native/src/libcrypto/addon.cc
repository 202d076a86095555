// The export list of the addon that calls the libcrypto which Node runs with.
#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include <new>

#include "ciphers.h"
#include "exchange.h"
#include "hashes.h"
#include "kem.h"
#include "slab.h"

namespace libcrypto {
namespace {

// All state of one thread of Node.
struct Algorithms {
  explicit Algorithms(Slab* slab)
      : slab(slab),
        hashes(slab->octets()),
        ciphers(slab->octets()),
        exchanges(slab->octets()),
        kems(slab->octets()) {}
  ~Algorithms() { slab->Release(); }

  Slab* slab;
  Hashes hashes;
  Ciphers ciphers;
  Exchanges exchanges;
  Kems kems;
};

napi_value Fail(napi_env env, const char* reason) {
  napi_throw_error(env, nullptr, reason);
  return nullptr;
}

struct Export {
  const char* name;
  napi_callback callback;
  void* owner;
};

napi_value Init(napi_env env, napi_value exports) {
  // Within a major version what is built with an older one runs with every newer one.
  constexpr unsigned built = OPENSSL_VERSION_MAJOR << 8 | OPENSSL_VERSION_MINOR;
  if (OPENSSL_version_major() != OPENSSL_VERSION_MAJOR ||
      (OPENSSL_version_major() << 8 | OPENSSL_version_minor()) < built) {
    return Fail(env, "built for another version of OpenSSL than this Node has");
  }
  Slab* slab = Slab::Create();
  auto* algorithms = slab == nullptr ? nullptr : new (std::nothrow) Algorithms(slab);
  if (algorithms == nullptr) return Fail(env, "no memory");
  const auto destroy = [](napi_env, void* data, void*) { delete static_cast<Algorithms*>(data); };
  if (napi_set_instance_data(env, algorithms, destroy, nullptr) != napi_ok) {
    delete algorithms;
    return Fail(env, "no memory");
  }
  const Export functions[] = {
      {"digest", Call<Hashes, 2, &Hashes::Digest_>, &algorithms->hashes},
      {"hmac", Call<Hashes, 3, &Hashes::Hmac>, &algorithms->hashes},
      {"expand", Call<Hashes, 4, &Hashes::Expand>, &algorithms->hashes},
      {"seal", Call<Ciphers, 4, &Ciphers::Seal>, &algorithms->ciphers},
      {"open", Call<Ciphers, 4, &Ciphers::Open>, &algorithms->ciphers},
      {"cbc", Call<Ciphers, 3, &Ciphers::Cbc>, &algorithms->ciphers},
      {"forget", Call<Ciphers, 1, &Ciphers::Forget>, &algorithms->ciphers},
      {"generate", Call<Exchanges, 1, &Exchanges::Generate>, &algorithms->exchanges},
      {"publish", Call<Exchanges, 1, &Exchanges::Publish>, &algorithms->exchanges},
      {"derive", Call<Exchanges, 1, &Exchanges::Derive>, &algorithms->exchanges},
      {"respond", Call<Exchanges, 1, &Exchanges::Respond>, &algorithms->exchanges},
      {"encapsulate", Call<Kems, 1, &Kems::Encapsulate>, &algorithms->kems},
  };
  for (const auto& [name, callback, owner] : functions) {
    napi_value function = nullptr;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, owner, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return Fail(env, "functions cannot be exported");
    }
  }
  napi_value buffer = nullptr;
  napi_value version = nullptr;
  if (slab->Expose(env, &buffer) != napi_ok ||
      napi_set_named_property(env, exports, "memory", buffer) != napi_ok) {
    return Fail(env, "this Node shares no memory with addons");
  }
  const char* text = OpenSSL_version(OPENSSL_FULL_VERSION_STRING);
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &version) != napi_ok ||
      napi_set_named_property(env, exports, "version", version) != napi_ok) {
    return Fail(env, "the version cannot be exported");
  }
  return exports;
}

}  // namespace
}  // namespace libcrypto

NAPI_MODULE_INIT() { return libcrypto::Init(env, exports); }
