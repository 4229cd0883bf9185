import { createHash, randomBytes, verify, X509Certificate } from 'node:crypto';
import { Attribute, id_signedData, SignedData, type SignerInfo } from '@peculiar/asn1-cms';
import {
  AsnArray,
  AsnConvert,
  AsnObjectIdentifierConverter,
  AsnType,
  AsnTypeTypes,
  OctetString,
} from '@peculiar/asn1-schema';
import {
  id_ct_tstInfo,
  MessageImprint,
  PKIStatus,
  TimeStampReq,
  TimeStampResp,
  type TimeStampToken,
  TSTInfo,
} from '@peculiar/asn1-tsp';

/** Time-stamps of RFC 3161: an authority signs a digest together with the time at which it saw it. */

const SHA256 = '2.16.840.1.101.3.4.2.1';
const DIGESTS: { readonly [oid: string]: string } = {
  [SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
/** The purpose that a certificate must have. */
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** What is signed: the attributes as a SET with its own tag (RFC 5652, section 5.4). */
class SignedAttributes extends AsnArray<Attribute> {}
AsnType({ type: AsnTypeTypes.Set, itemType: Attribute })(SignedAttributes);

/** `refused`: the authority says no. `wrong`: what it sent is no time-stamp of what was asked. */
export type StampProblem = { readonly kind: 'refused' | 'wrong'; readonly detail: string };
export type StampReading = { readonly kind: 'stamp'; readonly atMs: number } | StampProblem;

export interface StampRequest {
  /** DER of a TimeStampReq, sent as `application/timestamp-query`. */
  readonly body: Buffer;
  readonly nonce: Buffer;
}

/** Asks for the authority's certificate as well, so that the answer can be verified alone. */
export function buildStampRequest(content: Buffer): StampRequest {
  const nonce = randomBytes(16);
  // A positive number in its shortest form: the same bytes come back.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
  const messageImprint = new MessageImprint({ hashedMessage: new OctetString(sha256(content)) });
  messageImprint.hashAlgorithm.algorithm = SHA256;
  const request = new TimeStampReq({ messageImprint, nonce: new Uint8Array(nonce).buffer, certReq: true });
  return { body: Buffer.from(AsnConvert.serialize(request)), nonce };
}

/**
 * Reads an answer (DER of a TimeStampResp) to a request for this content. Status, digest, nonce and the signature by
 * the certificate in the answer are checked; whether that certificate is to be trusted is not.
 *
 * @param nonce of the request; null: not known any more
 */
export function readStamp(answer: Buffer, content: Buffer, nonce: Buffer | null): StampReading {
  try {
    const { status, timeStampToken: token } = AsnConvert.parse(answer, TimeStampResp);
    if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods) {
      const why = [status.failInfo?.toJSON().join(', '), ...(status.statusString ?? [])].filter(Boolean).join(': ');
      return {
        kind: 'refused',
        detail: `${PKIStatus[status.status] ?? status.status}${why === '' ? '' : ` (${why})`}`,
      };
    }
    if (token === undefined) return wrong('it holds no time-stamp');
    return readToken(token, content, nonce);
  } catch {
    return wrong('it is no answer of RFC 3161');
  }
}

function readToken(token: TimeStampToken, content: Buffer, nonce: Buffer | null): StampReading {
  if (token.contentType !== id_signedData) return wrong('it is not signed');
  const signed = AsnConvert.parse(token.content, SignedData);
  const { eContent, eContentType } = signed.encapContentInfo;
  if (eContentType !== id_ct_tstInfo || eContent?.single === undefined) return wrong('it signs something else');
  const said = Buffer.from(eContent.single.buffer);
  const info = AsnConvert.parse(said, TSTInfo);
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  if (hashAlgorithm.algorithm !== SHA256 || !sha256(content).equals(Buffer.from(hashedMessage.buffer)))
    return wrong('it stamps another digest');
  if (nonce !== null && (info.nonce === undefined || !nonce.equals(Buffer.from(info.nonce))))
    return wrong('its nonce is not that of the request: it answers another one');
  const problem = findSignatureProblem(signed, said);
  return problem === null ? { kind: 'stamp', atMs: info.genTime.getTime() } : wrong(problem);
}

/** What is wrong with the signature over what was said; null: nothing. */
function findSignatureProblem(signed: SignedData, said: Buffer): string | null {
  const [signer, ...others] = signed.signerInfos;
  if (signer?.signedAttrs === undefined || others.length > 0) return 'it has no signature of one authority';
  const hash = DIGESTS[signer.digestAlgorithm.algorithm];
  if (hash === undefined) return `its digest ${signer.digestAlgorithm.algorithm} is none that is accepted`;
  const certificate = findCertificate(signed, signer);
  if (certificate === null) return 'the certificate of its signature is not in it';
  if (!certificate.keyUsage?.includes(TIME_STAMPING)) return 'its certificate is not one for time-stamping';
  const digest = new OctetString(createHash(hash).update(said).digest());
  if (!hasValue(signer, MESSAGE_DIGEST, AsnConvert.serialize(digest))) return 'its signature is of another content';
  if (!hasValue(signer, CONTENT_TYPE, AsnObjectIdentifierConverter.toASN(id_ct_tstInfo).toBER()))
    return 'its signature is of another kind of content';
  const attributes = Buffer.from(AsnConvert.serialize(new SignedAttributes(signer.signedAttrs)));
  const isSigned = verify(hash, attributes, certificate.publicKey, Buffer.from(signer.signature.buffer));
  return isSigned ? null : 'its signature is not one of its certificate';
}

/** Whether an attribute is there once, with this value alone. */
function hasValue({ signedAttrs = [] }: SignerInfo, type: string, value: ArrayBuffer): boolean {
  const values = signedAttrs.filter(({ attrType }) => attrType === type).flatMap(({ attrValues }) => attrValues);
  return values.length === 1 && values.every((only) => isSame(only, value));
}

function findCertificate(
  { certificates = [] }: Pick<SignedData, 'certificates'>,
  { sid }: SignerInfo,
): X509Certificate | null {
  const named = sid.issuerAndSerialNumber;
  if (named === undefined) return null;
  const issuer = AsnConvert.serialize(named.issuer);
  for (const { certificate } of certificates) {
    if (certificate === undefined) continue;
    const { issuer: by, serialNumber } = certificate.tbsCertificate;
    if (isSame(serialNumber, named.serialNumber) && isSame(AsnConvert.serialize(by), issuer))
      return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)));
  }
  return null;
}

const wrong = (detail: string): StampProblem => ({ kind: 'wrong', detail });
const sha256 = (content: Buffer): Buffer => createHash('sha256').update(content).digest();
const isSame = (one: ArrayBuffer, other: ArrayBuffer): boolean => Buffer.from(one).equals(Buffer.from(other));
