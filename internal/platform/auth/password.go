package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"purser/internal/base/fault"
)

// Argon2id parameters of RFC 9106's second choice scaled to a small machine:
// 19 MiB and two passes, as OWASP advises.
const (
	argonMemory  = 19 * 1024
	argonPasses  = 2
	argonThreads = 1
	argonKey     = 32
)

// hashing bounds how many passwords are hashed at once, since each takes memory
// and a core.
var hashing = make(chan struct{}, 2)

// minPassword is the shortest password taken, in characters.
const minPassword = 10

func checkPassword(password string) error {
	if utf8.RuneCountInString(password) < minPassword || len(password) > 1024 {
		return fault.New(fault.Invalid, "user.weak_password", "A password has at least %d characters.", minPassword)
	}
	return nil
}

func hashPassword(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: see crypto/rand
	key := derive(password, salt, argonPasses, argonMemory, argonThreads)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads, enc.EncodeToString(salt), enc.EncodeToString(key))
}

// verifyPassword compares in constant time. An empty hash costs as much as a
// real one, so that an unknown user cannot be told by the clock.
func verifyPassword(hash, password string) bool {
	if hash == "" {
		derive(password, make([]byte, 16), argonPasses, argonMemory, argonThreads)
		return false
	}
	var version int
	var memory, passes uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil || version != argon2.Version {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	return subtle.ConstantTimeCompare(key, derive(password, salt, passes, memory, threads)) == 1
}

func derive(password string, salt []byte, passes, memory uint32, threads uint8) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, argonKey)
}

// newToken makes a secret of 256 bits behind a prefix that tells what it is.
func newToken(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(b[:])
}

// hashToken is what is stored of a token. The token has enough entropy for a
// plain hash.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
