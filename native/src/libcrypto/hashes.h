// SHA-1 and SHA-2, HMAC and prf+ over the slab.
#ifndef LIBCRYPTO_HASHES_H_
#define LIBCRYPTO_HASHES_H_

#include "call.h"
#include "owned.h"

namespace libcrypto {

class Hashes {
 public:
  explicit Hashes(uint8_t* slab) : slab_(slab) {}
  uint8_t* slab() { return slab_; }

  // (hash, length): text -> digest
  Status Digest_(uint8_t* slab, const uint32_t (&numbers)[2]);
  // (hash, key length, length): key | text -> MAC
  Status Hmac(uint8_t* slab, const uint32_t (&numbers)[3]);
  // (hash, key length, seed length, length): key | seed -> that many octets of prf+, RFC 7296 section 2.13
  Status Expand(uint8_t* slab, const uint32_t (&numbers)[4]);

 private:
  struct Hash {
    const char* name;
    size_t block_octets;
    size_t digest_octets;
    Digest digest;
    DigestContext context;
  };
  struct Part {
    const uint8_t* octets;
    size_t length;
  };
  struct Pads;

  Hash* Find(uint32_t index);
  template <size_t N>
  static bool Run(Hash& hash, const Part (&parts)[N], uint8_t* digest);
  static bool MakePads(Hash& hash, const uint8_t* key, size_t length, Pads& pads);

  uint8_t* slab_;
  Hash hashes_[4] = {{"SHA1", 64, 20, nullptr, nullptr},
                     {"SHA256", 64, 32, nullptr, nullptr},
                     {"SHA384", 128, 48, nullptr, nullptr},
                     {"SHA512", 128, 64, nullptr, nullptr}};
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_HASHES_H_
