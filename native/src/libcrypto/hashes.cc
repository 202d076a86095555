#include "hashes.h"

#include <string.h>

namespace libcrypto {
namespace {

constexpr size_t kMaxDigest = 64;
constexpr size_t kMaxBlock = 128;

}  // namespace

// The key as HMAC mixes it into both hashes (RFC 2104 section 2).
struct Hashes::Pads {
  uint8_t inner[kMaxBlock];
  uint8_t outer[kMaxBlock];
  ~Pads() { OPENSSL_cleanse(this, sizeof(*this)); }
};

Hashes::Hash* Hashes::Find(uint32_t index) {
  if (index >= sizeof(hashes_) / sizeof(hashes_[0])) return nullptr;
  Hash& hash = hashes_[index];
  if (hash.context == nullptr) {
    hash.digest.reset(EVP_MD_fetch(nullptr, hash.name, nullptr));
    if (hash.digest == nullptr) return nullptr;
    hash.context.reset(EVP_MD_CTX_new());
  }
  return hash.context == nullptr ? nullptr : &hash;
}

template <size_t N>
bool Hashes::Run(Hash& hash, const Part (&parts)[N], uint8_t* digest) {
  EVP_MD_CTX* context = hash.context.get();
  if (EVP_DigestInit_ex2(context, hash.digest.get(), nullptr) != 1) return false;
  for (const Part& part : parts) {
    if (part.length > 0 && EVP_DigestUpdate(context, part.octets, part.length) != 1) return false;
  }
  return EVP_DigestFinal_ex(context, digest, nullptr) == 1;
}

bool Hashes::MakePads(Hash& hash, const uint8_t* key, size_t length, Pads& pads) {
  uint8_t shortened[kMaxDigest];
  if (length > hash.block_octets) {
    if (!Run<1>(hash, {{key, length}}, shortened)) return false;
    key = shortened;
    length = hash.digest_octets;
  }
  memset(pads.inner, 0x36, hash.block_octets);
  memset(pads.outer, 0x5c, hash.block_octets);
  for (size_t i = 0; i < length; i++) {
    pads.inner[i] ^= key[i];
    pads.outer[i] ^= key[i];
  }
  OPENSSL_cleanse(shortened, sizeof(shortened));
  return true;
}

Status Hashes::Digest_(uint8_t* slab, const uint32_t (&numbers)[2]) {
  const auto [index, length] = numbers;
  if (!Fits(length)) return kMisused;
  Hash* hash = Find(index);
  if (hash == nullptr) return kFailed;
  uint8_t digest[kMaxDigest];
  if (!Run<1>(*hash, {{slab, length}}, digest)) return kFailed;
  OPENSSL_cleanse(slab, length);
  memcpy(slab, digest, hash->digest_octets);
  return kDone;
}

Status Hashes::Hmac(uint8_t* slab, const uint32_t (&numbers)[3]) {
  const auto [index, key_length, length] = numbers;
  if (!Fits(key_length, length)) return kMisused;
  Hash* hash = Find(index);
  if (hash == nullptr) return kFailed;
  const size_t block = hash->block_octets;
  const size_t size = hash->digest_octets;
  Pads pads;
  uint8_t mac[kMaxDigest];
  const bool done = MakePads(*hash, slab, key_length, pads) &&
                    Run<2>(*hash, {{pads.inner, block}, {slab + key_length, length}}, mac) &&
                    Run<2>(*hash, {{pads.outer, block}, {mac, size}}, mac);
  OPENSSL_cleanse(slab, key_length + length);
  if (done) memcpy(slab, mac, size);
  OPENSSL_cleanse(mac, sizeof(mac));
  return done ? kDone : kFailed;
}

Status Hashes::Expand(uint8_t* slab, const uint32_t (&numbers)[4]) {
  const auto [index, key_length, seed_length, length] = numbers;
  Hash* hash = Find(index);
  if (hash == nullptr) return kFailed;
  const size_t block = hash->block_octets;
  const size_t size = hash->digest_octets;
  if (length > 255 * size || !Fits(key_length, seed_length, length)) return kMisused;
  const uint8_t* seed = slab + key_length;
  uint8_t* output = slab + key_length + seed_length;
  Pads pads;
  uint8_t mac[kMaxDigest];
  uint8_t counter = 0;
  bool done = MakePads(*hash, slab, key_length, pads);
  // T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n)
  for (size_t offset = 0; done && offset < length; offset += size) {
    const size_t previous = counter == 0 ? 0 : size;
    counter++;
    done = Run<4>(*hash,
                  {{pads.inner, block}, {mac, previous}, {seed, seed_length}, {&counter, 1}},
                  mac) &&
           Run<2>(*hash, {{pads.outer, block}, {mac, size}}, mac);
    const size_t wanted = length - offset;
    if (done) memcpy(output + offset, mac, wanted < size ? wanted : size);
  }
  if (done) memmove(slab, output, length);
  const size_t used = key_length + seed_length + length;
  const size_t kept = done ? length : 0;
  OPENSSL_cleanse(slab + kept, used - kept);
  OPENSSL_cleanse(mac, sizeof(mac));
  return done ? kDone : kFailed;
}

}  // namespace libcrypto
