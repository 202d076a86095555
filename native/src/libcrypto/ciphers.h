// AES-GCM, ChaCha20-Poly1305 and AES-CBC over the slab.
#ifndef LIBCRYPTO_CIPHERS_H_
#define LIBCRYPTO_CIPHERS_H_

#include "call.h"
#include "owned.h"

namespace libcrypto {

class Ciphers {
 public:
  explicit Ciphers(uint8_t* slab) : slab_(slab) {}
  uint8_t* slab() { return slab_; }

  // (cipher, ICV octets, AAD length, text length): key | nonce | AAD | text -> ciphertext and ICV in place of the text
  Status Seal(uint8_t* slab, const uint32_t (&numbers)[4]);
  // (cipher, ICV octets, AAD length, text length): key | nonce | AAD | ciphertext | ICV -> text in place
  Status Open(uint8_t* slab, const uint32_t (&numbers)[4]);
  // (cipher, 1 to encrypt or 0 to decrypt, length): key | IV | blocks -> blocks in place
  Status Cbc(uint8_t* slab, const uint32_t (&numbers)[3]);
  // (cipher): forgets the key of the last call
  Status Forget(uint8_t* slab, const uint32_t (&numbers)[1]);

 private:
  struct Kind {
    const char* name;
    bool aead;
    size_t key_octets;
    size_t iv_octets;
    Cipher cipher;
    CipherContext context;
  };

  Kind* Find(uint32_t index, bool aead);
  // Sets key and IV, which lie one after the other.
  static bool Start(Kind& kind, const uint8_t* key, bool encrypt);
  Status Run(uint8_t* slab, const uint32_t (&numbers)[4], bool seal);

  uint8_t* slab_;
  Kind kinds_[7] = {{"AES-128-GCM", true, 16, 12, nullptr, nullptr},
                    {"AES-192-GCM", true, 24, 12, nullptr, nullptr},
                    {"AES-256-GCM", true, 32, 12, nullptr, nullptr},
                    {"ChaCha20-Poly1305", true, 32, 12, nullptr, nullptr},
                    {"AES-128-CBC", false, 16, 16, nullptr, nullptr},
                    {"AES-192-CBC", false, 24, 16, nullptr, nullptr},
                    {"AES-256-CBC", false, 32, 16, nullptr, nullptr}};
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_CIPHERS_H_
