#include "ciphers.h"

namespace libcrypto {
namespace {

constexpr size_t kBlockOctets = 16;
constexpr size_t kMaxIcv = 16;

}  // namespace

Ciphers::Kind* Ciphers::Find(uint32_t index, bool aead) {
  if (index >= sizeof(kinds_) / sizeof(kinds_[0]) || kinds_[index].aead != aead) return nullptr;
  Kind& kind = kinds_[index];
  if (kind.context == nullptr) {
    kind.cipher.reset(EVP_CIPHER_fetch(nullptr, kind.name, nullptr));
    if (kind.cipher == nullptr) return nullptr;
    kind.context.reset(EVP_CIPHER_CTX_new());
  }
  return kind.context == nullptr ? nullptr : &kind;
}

bool Ciphers::Start(Kind& kind, const uint8_t* key, bool encrypt) {
  EVP_CIPHER_CTX* context = kind.context.get();
  // Naming the cipher again would free the context's memory and allocate it anew.
  const bool fresh = EVP_CIPHER_CTX_get0_cipher(context) == nullptr;
  return EVP_CipherInit_ex2(context, fresh ? kind.cipher.get() : nullptr, key,
                            key + kind.key_octets, encrypt ? 1 : 0, nullptr) == 1;
}

Status Ciphers::Seal(uint8_t* slab, const uint32_t (&numbers)[4]) {
  return Run(slab, numbers, true);
}

Status Ciphers::Open(uint8_t* slab, const uint32_t (&numbers)[4]) {
  return Run(slab, numbers, false);
}

Status Ciphers::Run(uint8_t* slab, const uint32_t (&numbers)[4], bool seal) {
  const auto [index, icv_octets, aad_length, text_length] = numbers;
  Kind* kind = Find(index, true);
  if (kind == nullptr) return kFailed;
  const size_t head = kind->key_octets + kind->iv_octets + aad_length;
  if (icv_octets == 0 || icv_octets > kMaxIcv ||
      !Fits(kind->key_octets + kind->iv_octets, aad_length, text_length, icv_octets)) {
    return kMisused;
  }
  EVP_CIPHER_CTX* context = kind->context.get();
  const uint8_t* aad = slab + kind->key_octets + kind->iv_octets;
  uint8_t* text = slab + head;
  uint8_t* icv = text + text_length;
  int size = 0;
  bool done =
      Start(*kind, slab, seal) &&
      (aad_length == 0 ||
       EVP_CipherUpdate(context, nullptr, &size, aad, static_cast<int>(aad_length)) == 1) &&
      (text_length == 0 ||
       EVP_CipherUpdate(context, text, &size, text, static_cast<int>(text_length)) == 1);
  const int icv_size = static_cast<int>(icv_octets);
  bool authentic = true;
  if (done && !seal) {
    done = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, icv_size, icv) == 1;
  }
  if (done) {
    const bool final = EVP_CipherFinal_ex(context, icv, &size) == 1;
    if (seal) {
      done = final && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, icv_size, icv) == 1;
    } else {
      authentic = final;
    }
  }
  OPENSSL_cleanse(slab, done && authentic ? head : head + text_length);
  return !done ? kFailed : authentic ? kDone : kRefused;
}

Status Ciphers::Cbc(uint8_t* slab, const uint32_t (&numbers)[3]) {
  const auto [index, encrypt, length] = numbers;
  Kind* kind = Find(index, false);
  if (kind == nullptr) return kFailed;
  const size_t head = kind->key_octets + kind->iv_octets;
  if (encrypt > 1 || length % kBlockOctets != 0 || !Fits(head, length)) return kMisused;
  EVP_CIPHER_CTX* context = kind->context.get();
  uint8_t* blocks = slab + head;
  int size = 0;
  const bool done =
      Start(*kind, slab, encrypt == 1) &&
      EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
      (length == 0 ||
       EVP_CipherUpdate(context, blocks, &size, blocks, static_cast<int>(length)) == 1);
  OPENSSL_cleanse(slab, done ? head : head + length);
  return done ? kDone : kFailed;
}

Status Ciphers::Forget(uint8_t*, const uint32_t (&numbers)[1]) {
  if (numbers[0] >= sizeof(kinds_) / sizeof(kinds_[0])) return kMisused;
  Kind& kind = kinds_[numbers[0]];
  // Frees, and wipes, what the provider made of the key.
  if (kind.context != nullptr) EVP_CIPHER_CTX_reset(kind.context.get());
  return kDone;
}

}  // namespace libcrypto
