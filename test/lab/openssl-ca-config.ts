/** The configuration of `openssl ca`; FOLDER is where it keeps everything. */
export const OPENSSL_CA_CONFIG = `
[ca]
default_ca = lab
[lab]
database = FOLDER/index.txt
serial = FOLDER/serial
crlnumber = FOLDER/crlnumber
new_certs_dir = FOLDER
certificate = FOLDER/ca.pem
private_key = FOLDER/ca.key
default_md = sha256
default_days = 30
policy = any
unique_subject = no
crl_extensions = crl
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[req]
distinguished_name = name
prompt = no
[name]
CN = Lab CA
[v3_ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
`;
