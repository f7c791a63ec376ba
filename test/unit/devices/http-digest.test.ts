import assert from "node:assert/strict";
import { answerChallenge, DigestSession, parseChallenge } from "../../../lib/devices/http-digest";

describe("a digest challenge", () => {
    for (const { what, header, want } of [
        { what: "of firmware 1", header: 'Digest qop="auth", realm="shellyplug-1", nonce="1700000000", algorithm=SHA-256', want: { realm: "shellyplug-1", nonce: "1700000000" } },
        { what: "with a nonce that ends in =", header: 'Digest realm="r", nonce="ab+/c==", qop="auth", algorithm=SHA-256', want: { realm: "r", nonce: "ab+/c==" } },
        { what: "with a comma and a quote in a value", header: 'Digest realm="a, \\"b\\"", nonce="n", qop="auth,auth-int", algorithm="SHA-256", opaque="o="', want: { realm: 'a, "b"', nonce: "n", opaque: "o=" } },
        { what: "without spaces", header: 'Digest realm="r",nonce="n",qop=auth,algorithm=sha-256,stale=TRUE', want: { realm: "r", nonce: "n" } },
        { what: "in capitals", header: 'DIGEST REALM="r", Nonce="n", QOP="AUTH", ALGORITHM=SHA-256', want: { realm: "r", nonce: "n" } },
        { what: "behind another scheme", header: 'Basic realm="x", Digest realm="m", nonce="1", qop="auth", algorithm=MD5, Digest realm="s", nonce="2", qop="auth", algorithm=SHA-256', want: { realm: "s", nonce: "2" } },
    ]) {
        it(`${what} is understood`, () => assert.deepEqual(parseChallenge(header), want));
    }

    for (const { what, header } of [
        { what: "no header", header: undefined },
        { what: "basic auth", header: 'Basic realm="x"' },
        { what: "MD5, which would give the password away", header: 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5' },
        { what: "no algorithm, which means MD5", header: 'Digest realm="r", nonce="n", qop="auth"' },
        { what: "no realm", header: 'Digest nonce="n", qop="auth", algorithm=SHA-256' },
        { what: "no quality of protection that we know", header: 'Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256' },
        { what: "another scheme with the same parameters", header: 'Bearer realm="r", nonce="n", qop="auth", algorithm=SHA-256' },
        { what: "no nonce", header: 'Digest realm="r", qop="auth", algorithm=SHA-256' },
        { what: "noise", header: '=,"=,"' },
    ]) {
        it(`is refused for ${what}`, () => assert.equal(parseChallenge(header), undefined));
    }

    it("is answered as in the example of RFC 7616, section 3.9.1", () => {
        const challenge = { realm: "http-auth@example.org", nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS" };
        const header = answerChallenge(challenge, { user: "Mufasa", password: "Circle of Life", method: "GET", uri: "/dir/index.html", count: 1, cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" });
        assert.match(header, /response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"/);
        assert.match(header, /^Digest username="Mufasa", .*nc=00000001, /);
        assert.match(header, /opaque="FQhe/);
    });
});

describe("a digest session", () => {
    const challenge = (nonce: string): string => `Digest realm="r", nonce="${nonce}", qop="auth", algorithm=SHA-256`;
    const nc = (header: string | undefined): string | undefined => /nc=(\w+)/.exec(header ?? "")?.[1];
    const session = (): DigestSession => new DigestSession({ user: "admin", password: "secret" });

    it("sends nothing before the first challenge", () => {
        assert.equal(session().authorization("GET", "/"), undefined);
    });
    it("counts the uses of a nonce from 1, in 8 hexadecimal digits, and anew with each nonce", () => {
        const one = session();
        one.renew(challenge("first"));
        const counts = Array.from({ length: 11 }, () => nc(one.authorization("GET", "/")));
        assert.deepEqual([counts[0], counts[1], counts[9], counts[10]], ["00000001", "00000002", "0000000a", "0000000b"]);
        one.renew(challenge("second"));
        assert.equal(nc(one.authorization("GET", "/")), "00000001");
    });
    it("never sends the password itself", () => {
        const one = session();
        one.renew(challenge("n"));
        assert.doesNotMatch(one.authorization("GET", "/") ?? "", /secret/);
    });
    it("says that it can't answer, and forgets, on a challenge that it refuses", () => {
        const one = session();
        one.renew(challenge("n"));
        assert.equal(one.renew('Basic realm="x"'), false);
        assert.equal(one.authorization("GET", "/"), undefined);
    });
});
