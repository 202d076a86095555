#include "montgomery_curve.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace libcrypto {

Key MontgomeryCurve::NewKey() {
  if (generator_ == nullptr) {
    KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, name_, nullptr));
    if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1) return nullptr;
    generator_ = std::move(context);
  }
  EVP_PKEY* key = nullptr;
  EVP_PKEY_generate(generator_.get(), &key);
  return Key(key);
}

bool MontgomeryCurve::Publish(const Key& key, uint8_t* public_value) const {
  size_t size = lengths.public_value;
  return EVP_PKEY_get_raw_public_key(key.get(), public_value, &size) == 1 &&
         size == lengths.public_value;
}

Status MontgomeryCurve::Derive(const Key& key, const uint8_t* peer, uint8_t* secret) const {
  const Key other(EVP_PKEY_new_raw_public_key_ex(nullptr, name_, nullptr, peer, lengths.public_value));
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (other == nullptr || context == nullptr || EVP_PKEY_derive_init(context.get()) != 1) {
    return kFailed;
  }
  // Every string of octets is a public value; the ones of low order are refused for their secret (RFC 7748 section 6).
  if (EVP_PKEY_derive_set_peer_ex(context.get(), other.get(), 0) != 1) return kFailed;
  size_t size = lengths.secret;
  const bool done = EVP_PKEY_derive(context.get(), secret, &size) == 1 && size == lengths.secret;
  return done ? kDone : kRefused;
}

Status MontgomeryCurve::Generate(uint8_t* private_key, uint8_t* public_value) {
  const Key key = NewKey();
  size_t size = lengths.private_key;
  const bool done = key != nullptr &&
                    EVP_PKEY_get_raw_private_key(key.get(), private_key, &size) == 1 &&
                    size == lengths.private_key && Publish(key, public_value);
  return done ? kDone : kFailed;
}

Status MontgomeryCurve::Publish(const uint8_t* private_key, uint8_t* public_value) {
  const Key key(
      EVP_PKEY_new_raw_private_key_ex(nullptr, name_, nullptr, private_key, lengths.private_key));
  return key != nullptr && Publish(key, public_value) ? kDone : kFailed;
}

Status MontgomeryCurve::Derive(const uint8_t* private_key, const uint8_t* public_value,
                               const uint8_t* peer, uint8_t* secret) {
  // With its public value at hand it need not be computed again, which is half of the work.
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                        const_cast<uint8_t*>(private_key), lengths.private_key),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                        const_cast<uint8_t*>(public_value), lengths.public_value),
      OSSL_PARAM_construct_end()};
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, name_, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters) != 1) {
    return kFailed;
  }
  return Derive(Key(key), peer, secret);
}

Status MontgomeryCurve::Respond(const uint8_t* peer, uint8_t* public_value, uint8_t* secret) {
  const Key key = NewKey();
  if (key == nullptr || !Publish(key, public_value)) return kFailed;
  return Derive(key, peer, secret);
}

}  // namespace libcrypto
