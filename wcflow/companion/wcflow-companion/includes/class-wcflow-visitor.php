<?php
/**
 * Who visits the shop.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * The customer who is logged in, or the visitor who left an e-mail address at the checkout.
 *
 * The address is kept in WooCommerce's session only; there is no cookie and no IP address.
 */
class Wcflow_Visitor {

	const EMAIL       = 'wcflow_email';
	const ADDRESSES   = 'wcflow_addresses';
	const NOT_TAKEN   = 'wcflow_not_taken';
	const SEEN        = 'wcflow_seen';
	const EVERY       = MINUTE_IN_SECONDS;
	const MOST_SEEN   = 20;
	const LONGEST     = 191;
	const BOTS        = '/(?<!cu)bot\b|bot[\/_;-]|crawl|spider|slurp|preview|scan|monitor|lighthouse|facebookexternalhit|curl\/|wget\/|python|java\/|go-http|okhttp|libwww/i';
	const PREFETCHING = array( 'HTTP_SEC_PURPOSE', 'HTTP_PURPOSE', 'HTTP_X_PURPOSE', 'HTTP_X_MOZ' );

	/**
	 * The user's id, or 0.
	 *
	 * @var int
	 */
	public $customer_id;

	/**
	 * The e-mail address.
	 *
	 * @var string
	 */
	public $email;

	/**
	 * Makes a visitor.
	 *
	 * @param int    $customer_id The user's id, or 0.
	 * @param string $email       The e-mail address.
	 */
	public function __construct( $customer_id, $email ) {
		$this->customer_id = (int) $customer_id;
		$this->email       = (string) $email;
	}

	/**
	 * Returns who visits, or null for somebody unknown, a bot, the team, and whoever did not agree.
	 *
	 * @return Wcflow_Visitor|null
	 */
	public static function current() {
		if ( is_user_logged_in() ) {
			return self::of_user( wp_get_current_user() );
		}
		$email = self::session() ? WC()->session->get( self::EMAIL ) : '';
		return is_string( $email ) && '' !== $email && self::may_be_told() ? new self( 0, $email ) : null;
	}

	/**
	 * Returns the visitor for an account, or null for the team and whoever did not agree.
	 *
	 * @param WP_User $user The account.
	 * @return Wcflow_Visitor|null
	 */
	public static function of_user( $user ) {
		$is_team = user_can( $user, 'manage_woocommerce' );
		return $is_team || ! self::may_be_told() ? null : new self( $user->ID, $user->user_email );
	}

	/**
	 * Remembers the address that a guest typed at the checkout, one at a time; returns whether it could be used.
	 *
	 * @param mixed $email What was typed.
	 * @return bool
	 */
	public static function remember( $email ) {
		$email = is_string( $email ) ? strtolower( sanitize_email( $email ) ) : '';
		if ( is_user_logged_in() || ! self::session() || ! is_email( $email ) || strlen( $email ) > self::LONGEST ) {
			return false;
		}
		if ( ! self::may_be_told() ) {
			return false;
		}
		if ( WC()->session->get( self::EMAIL ) !== $email ) {
			$taken = self::may_be_taken( $email );
			WC()->session->set( self::EMAIL, $taken ? $email : '' );
			return $taken;
		}
		return true;
	}

	/**
	 * Returns whether an address is known, or is not one too many.
	 *
	 * @param string $email The e-mail address.
	 * @return bool
	 */
	private static function may_be_taken( $email ) {
		$hashes = array_filter( (array) WC()->session->get( self::ADDRESSES ) );
		$hash   = md5( $email );
		if ( in_array( $hash, $hashes, true ) || Wcflow_People::find_many_by_emails( array( $email ) ) ) {
			return true;
		}
		$this_hour = $hash . gmdate( 'YmdH' );
		if ( WC()->session->get( self::NOT_TAKEN ) === $this_hour ) {
			return false; // The checkout sends the same address with each change of its fields.
		}
		if ( ! Wcflow_Limit::takes( count( $hashes ) ) ) {
			WC()->session->set( self::NOT_TAKEN, $this_hour );
			return false;
		}
		$hashes[] = $hash;
		WC()->session->set( self::ADDRESSES, $hashes );
		return true;
	}

	/**
	 * Tells that this visitor did something.
	 *
	 * @param string $kind The kind of event.
	 * @param array  $data Its data.
	 */
	public function tell( $kind, array $data ) {
		Wcflow_Streams::append_event( $kind, $this->customer_id, $this->email, (object) $data );
	}

	/**
	 * Tells that this visitor looked at something, at most once a minute for the same thing.
	 *
	 * @param string     $kind  The kind of event.
	 * @param int|string $thing What they looked at.
	 * @param array      $data  The event's data.
	 */
	public function tell_view( $kind, $thing, array $data ) {
		$key = $kind . ' ' . md5( (string) $thing );
		if ( self::session() ) {
			$since = time() - self::EVERY;
			$seen  = array_filter(
				(array) WC()->session->get( self::SEEN ),
				static function ( $at ) use ( $since ) {
					return $at > $since;
				}
			);
			if ( isset( $seen[ $key ] ) ) {
				return;
			}
			$seen[ $key ] = time();
			WC()->session->set( self::SEEN, array_slice( $seen, -self::MOST_SEEN, null, true ) );
		}
		$this->tell( $kind, $data );
	}

	/**
	 * Returns one name for this visitor.
	 *
	 * @return string
	 */
	public function name() {
		return $this->customer_id ? (string) $this->customer_id : $this->email;
	}

	/**
	 * Returns whether this request comes from a program and not from a person.
	 *
	 * @return bool
	 */
	public static function is_bot() {
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- Only compared.
		$agent = isset( $_SERVER['HTTP_USER_AGENT'] ) ? (string) wp_unslash( $_SERVER['HTTP_USER_AGENT'] ) : '';
		return '' === $agent || 1 === preg_match( self::BOTS, $agent );
	}

	/**
	 * Returns whether a browser asks for a page before anybody wants to see it.
	 *
	 * @return bool
	 */
	public static function is_prefetch() {
		foreach ( self::PREFETCHING as $header ) {
			// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- Only compared.
			if ( isset( $_SERVER[ $header ] ) && preg_match( '/prefetch|prerender|preview/i', (string) wp_unslash( $_SERVER[ $header ] ) ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Returns whether what this visitor does may be told.
	 *
	 * @return bool
	 */
	private static function may_be_told() {
		return ! self::is_bot() && Wcflow_Consent::allows();
	}

	/**
	 * Returns whether there is a session of WooCommerce; never begins one.
	 *
	 * @return bool
	 */
	private static function session() {
		$session = function_exists( 'WC' ) ? WC()->session : null;
		return $session instanceof WC_Session && ( ! method_exists( $session, 'has_session' ) || $session->has_session() );
	}
}
