// Package outbound calls addresses that people typed in, such as those of
// webhooks, without letting them reach into the network that Purser runs in.
//
// The address is checked where it matters: when the connection to it is made,
// after its name was resolved. A name that changes its mind, a redirect, an
// address in another notation: all of them end there.
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"purser/internal/base/fault"
)

// Policy says where calls may go. The zero policy allows public addresses on the
// ports of HTTPS.
type Policy struct {
	Allow []netip.Prefix // networks that may be called although they are not public, on any port, and without encryption
}

// ports of public addresses that may be called.
var ports = []uint16{443, 8443}

// reserved are networks that are not public, or that hide one that is not,
// beside those that netip knows. Source: IANA's registries of special-purpose
// addresses.
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func public(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !within(reserved, addr)
}

// check tells whether a connection to an address and port may be made.
func (p Policy) check(to netip.AddrPort) error {
	addr := to.Addr().Unmap().WithZone("")
	switch {
	case within(p.Allow, addr):
		return nil
	case !public(addr):
		return fmt.Errorf("%s is not a public address", addr)
	case !slices.Contains(ports, to.Port()):
		return fmt.Errorf("port %d is not one of HTTPS (443, 8443)", to.Port())
	}
	return nil
}

// CheckURL refuses an address that no call could reach: one that is not https
// (or http, where networks are allowed), carries a password, or names an address
// or port that is not allowed. What a name resolves to is checked with each call.
func (p Policy) CheckURL(text string) error {
	bad := func(why string, args ...any) error {
		return fault.Fields{"url": fmt.Sprintf(why, args...)}.Err("outbound.bad_url", "The address cannot be called.")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return bad("is not an address such as https://example.com/hooks")
	case u.User != nil:
		return bad("must not hold a user or a password")
	case u.Fragment != "":
		return bad("must not have a part behind #")
	case u.Scheme != "https" && (u.Scheme != "http" || len(p.Allow) == 0):
		return bad("must begin with https://")
	}
	port := uint16(443)
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return bad("has a port that is none: %q", text)
		}
		port = uint16(n)
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := p.check(netip.AddrPortFrom(addr, port)); err != nil {
			return bad("cannot be called: %v", err)
		}
	} else if len(p.Allow) == 0 && !slices.Contains(ports, port) {
		return bad("port %d is not one of HTTPS (443, 8443)", port)
	}
	return nil
}

// plain refuses unencrypted calls to where they are not allowed.
func (p Policy) plain(to netip.AddrPort) error {
	if within(p.Allow, to.Addr().Unmap().WithZone("")) {
		return nil
	}
	return fmt.Errorf("%s may only be called with https", to.Addr())
}

// NewClient returns a client that keeps to the policy. It follows no redirect
// and uses no proxy, and gives up after timeout.
func NewClient(p Policy, timeout time.Duration) *http.Client {
	dial := func(guards ...func(netip.AddrPort) error) func(context.Context, string, string) (net.Conn, error) {
		d := &net.Dialer{
			Timeout: timeout / 2,
			Control: func(_, address string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(address)
				for _, guard := range guards {
					if err == nil {
						err = guard(to)
					}
				}
				return err
			},
		}
		return d.DialContext
	}
	secure := &http.Transport{
		DialContext: dial(p.check), ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout / 2, ResponseHeaderTimeout: timeout,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
	open := secure.Clone()
	open.DialContext = dial(p.check, p.plain)
	return &http.Client{
		Timeout:       timeout,
		Transport:     byScheme{secure, open},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// byScheme sends unencrypted calls over a transport of their own.
type byScheme struct{ secure, open *http.Transport }

// RoundTrip does one call.
func (b byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return b.secure.RoundTrip(r)
	}
	return b.open.RoundTrip(r)
}
