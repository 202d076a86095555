// The responder's half of ML-KEM (FIPS 203), with an OpenSSL that has it (3.5). The initiator's key must live from one message to the next, which an
// object of node:crypto does as well.
#ifndef LIBCRYPTO_KEM_H_
#define LIBCRYPTO_KEM_H_

#include "call.h"
#include "owned.h"

namespace libcrypto {

class Kems {
 public:
  explicit Kems(uint8_t* slab) : slab_(slab) {}
  uint8_t* slab() { return slab_; }

  // (set): encapsulation key -> ciphertext | secret
  Status Encapsulate(uint8_t* slab, const uint32_t (&numbers)[1]);

 private:
  struct Set {
    const char* name;
    size_t key_octets;
    size_t ciphertext_octets;
  };

  static const Set* Find(uint32_t index);

  uint8_t* slab_;
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_KEM_H_
