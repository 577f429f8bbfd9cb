<?php
/**
 * Signed tokens of addresses in e-mails.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Checks what the daemon signed: base64url( body ) . '.' . base64url( first 16 bytes of the HMAC-SHA256 ).
 */
class Wcflow_Token {

	const MAC_BYTES = 16;
	const LONGEST   = 8192;

	/**
	 * Returns the token in the request's address; empty if there is none that could be one.
	 *
	 * @param string $name The name in the query.
	 * @return string
	 */
	public static function of_request( $name ) {
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- The token itself is signed.
		$value = isset( $_GET[ $name ] ) && is_string( $_GET[ $name ] ) ? sanitize_text_field( wp_unslash( $_GET[ $name ] ) ) : '';
		// phpcs:enable
		return strlen( $value ) <= self::LONGEST && preg_match( '/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/D', $value ) ? $value : '';
	}

	/**
	 * Returns whom an unsubscribe token belongs to, as [ store, person, address, email ]; null if it is not the daemon's.
	 *
	 * @param string $token The token.
	 * @return array|null
	 */
	public static function subscriber( $token ) {
		$body   = self::body( $token, Wcflow_Settings::key( 'unsubscribe' ) );
		$is_one = $body && 4 === count( $body ) && is_string( $body[0] ) && is_int( $body[1] ) && is_string( $body[2] ) && is_string( $body[3] );
		return $is_one ? array_combine( array( 'store', 'person', 'address', 'email' ), $body ) : null;
	}

	/**
	 * Returns whether a token is that of an e-mail that was opened.
	 *
	 * @param string $token The token.
	 * @return bool
	 */
	public static function is_open( $token ) {
		$body = self::body( $token, Wcflow_Settings::key( 'link' ) );
		return $body && 3 === count( $body ) && 'open' === $body[0];
	}

	/**
	 * Returns the address that a link in an e-mail leads to; empty if the token is not the daemon's.
	 *
	 * @param string $token The token.
	 * @return string
	 */
	public static function target( $token ) {
		$body = self::body( $token, Wcflow_Settings::key( 'link' ) );
		if ( ! $body || 4 !== count( $body ) || 'click' !== $body[0] || ! is_string( $body[3] ) ) {
			return '';
		}
		return self::is_web_address( $body[3] ) ? $body[3] : '';
	}

	/**
	 * Returns whether an address is one of the web, and says plainly of which host.
	 *
	 * @param string $url The address.
	 * @return bool
	 */
	private static function is_web_address( $url ) {
		return 1 === preg_match( '~^https?://[^\s/?#\\\\@"<>\p{C}]+(?:[/?#][^\p{Cc}]*)?$~iuD', $url );
	}

	/**
	 * Returns a token's body, or null if it is not signed with the key.
	 *
	 * @param string $token The token.
	 * @param string $key   The key; without one nothing is signed.
	 * @return array|null
	 */
	private static function body( $token, $key ) {
		$parts = explode( '.', $token );
		if ( '' === $key || 2 !== count( $parts ) ) {
			return null;
		}
		$body = self::decode( $parts[0] );
		$mac  = self::decode( $parts[1] );
		if ( ! hash_equals( substr( hash_hmac( 'sha256', $body, $key, true ), 0, self::MAC_BYTES ), $mac ) ) {
			return null;
		}
		$values = json_decode( $body, true, 3 );
		return is_array( $values ) && array_values( $values ) === $values ? $values : null;
	}

	/**
	 * Decodes base64url without padding; empty for anything else.
	 *
	 * @param string $text The text.
	 * @return string
	 */
	private static function decode( $text ) {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_decode
		$bytes = base64_decode( strtr( $text, '-_', '+/' ), true );
		return false !== $bytes && self::encode( $bytes ) === $text ? $bytes : '';
	}

	/**
	 * Encodes bytes as base64url without padding.
	 *
	 * @param string $bytes The bytes.
	 * @return string
	 */
	private static function encode( $bytes ) {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
	}
}
