#include "kem.h"

namespace libcrypto {
namespace {

constexpr size_t kSecretOctets = 32;

}  // namespace

const Kems::Set* Kems::Find(uint32_t index) {
  static constexpr Set kSets[] = {
      {"ML-KEM-512", 800, 768}, {"ML-KEM-768", 1184, 1088}, {"ML-KEM-1024", 1568, 1568}};
  return index < sizeof(kSets) / sizeof(kSets[0]) ? &kSets[index] : nullptr;
}

Status Kems::Encapsulate(uint8_t* slab, const uint32_t (&numbers)[1]) {
  const Set* set = Find(numbers[0]);
  if (set == nullptr) return kMisused;
  // Refuses coefficients that are not reduced, FIPS 203 section 7.2.
  const Key key(EVP_PKEY_new_raw_public_key_ex(nullptr, set->name, nullptr, slab, set->key_octets));
  if (key == nullptr) return kRefused;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  size_t ciphertext_size = set->ciphertext_octets;
  size_t secret_size = kSecretOctets;
  const bool done = context != nullptr &&
                    EVP_PKEY_encapsulate_init(context.get(), nullptr) == 1 &&
                    EVP_PKEY_encapsulate(context.get(), slab, &ciphertext_size,
                                         slab + set->ciphertext_octets, &secret_size) == 1 &&
                    ciphertext_size == set->ciphertext_octets && secret_size == kSecretOctets;
  return done ? kDone : kFailed;
}

}  // namespace libcrypto
