<?php
/**
 * What the addresses in e-mails lead to.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Answers ?wcflow= (unsubscribe), ?wcflow_open= (a picture of one pixel) and ?wcflow_click= (a link).
 *
 * Needs no log-in and no cookie: whoever has the signed token may use it, and nobody else.
 */
class Wcflow_Mail {

	const PIXEL     = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
	const TOLD      = 'wcflow_told_';
	const TOLD_ONCE = 10 * MINUTE_IN_SECONDS;

	/**
	 * Adds the hook, only where a request has such an address.
	 */
	public static function init() {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- The tokens are signed.
		if ( ! is_admin() && ( isset( $_GET['wcflow'] ) || isset( $_GET['wcflow_open'] ) || isset( $_GET['wcflow_click'] ) ) ) {
			// After the translations are loaded.
			add_action( 'init', array( __CLASS__, 'answer' ), 20 );
		}
	}

	/**
	 * Answers the request and ends it.
	 */
	public static function answer() {
		self::never_cache();
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- The tokens are signed.
		if ( isset( $_GET['wcflow'] ) ) {
			self::unsubscribe( Wcflow_Token::of_request( 'wcflow' ) );
		} elseif ( isset( $_GET['wcflow_open'] ) ) {
			self::opened( Wcflow_Token::of_request( 'wcflow_open' ) );
		} else {
			self::clicked( Wcflow_Token::of_request( 'wcflow_click' ) );
		}
		// phpcs:enable
		exit;
	}

	/**
	 * Answers an address to unsubscribe: a POST does it, anything else only shows the page.
	 *
	 * @param string $token The token.
	 */
	private static function unsubscribe( $token ) {
		$subscriber = Wcflow_Token::subscriber( $token );
		if ( ! $subscriber ) {
			Wcflow_Unsubscribe_Page::invalid();
		} elseif ( 'POST' !== self::method() ) {
			Wcflow_Unsubscribe_Page::ask( $token, $subscriber['address'] );
		} else {
			$names = self::chosen_topics();
			if ( $names && ! self::withdraw( $token, $subscriber['address'], $names ) ) {
				Wcflow_Unsubscribe_Page::failed();
				return;
			}
			Wcflow_Unsubscribe_Page::done( $token, $subscriber['address'], $names );
		}
	}

	/**
	 * Returns the names of the topics that a POST is about: those of the page's form, else e-mail.
	 *
	 * A mail program sends List-Unsubscribe=One-Click (RFC 8058) and knows of no topics.
	 *
	 * @return array
	 */
	private static function chosen_topics() {
		$names = wp_list_pluck( Wcflow_Settings::topics(), 'name' );
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- The token is signed, and mail programs know no nonce.
		if ( isset( $_POST['wcflow_form'] ) && count( $names ) > 1 ) {
			$chosen = isset( $_POST['wcflow_topics'] ) ? array_filter( (array) wp_unslash( $_POST['wcflow_topics'] ), 'is_string' ) : array(); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- Only compared.
			return array_values( array_intersect( $names, $chosen ) );
		}
		// phpcs:enable
		return array( 'email' );
	}

	/**
	 * Withdraws the consent of all accounts with an address, and tells it; returns whether that was written.
	 *
	 * @param string $token   The token.
	 * @param string $address The e-mail address.
	 * @param array  $names   The topics' names.
	 * @return bool
	 */
	private static function withdraw( $token, $address, array $names ) {
		global $wpdb;
		$changed = false;
		$users   = self::accounts( $address );
		foreach ( Wcflow_Settings::topics() as $topic ) {
			if ( in_array( $topic['name'], $names, true ) ) {
				foreach ( $users as $user_id ) {
					$changed = self::set_no( $user_id, $topic['meta'] ) || $changed;
				}
			}
		}
		$told = self::TOLD . md5( $token . ' ' . implode( ' ', $names ) );
		if ( ! $changed && get_transient( $told ) ) {
			return true;
		}
		$data = array(
			'token'  => $token,
			'topics' => $names,
		);
		Wcflow_Streams::append_event( 'unsubscribed', $users ? (int) $users[0] : 0, $address, $data );
		// Whoever reads the answer can rely on it.
		Wcflow_Streams::flush();
		return '' === $wpdb->last_error && set_transient( $told, 1, self::TOLD_ONCE );
	}

	/**
	 * Sets a field of an account to "no"; returns whether it was not that before.
	 *
	 * @param int    $user_id The account.
	 * @param string $meta    The field.
	 * @return bool
	 */
	private static function set_no( $user_id, $meta ) {
		$is_of_wordpress = preg_match( '/(capabilities|user_level|session_tokens)$/', $meta );
		if ( '' === $meta || $is_of_wordpress || array( 'no' ) === get_user_meta( $user_id, $meta, false ) ) {
			return false;
		}
		update_user_meta( $user_id, wp_slash( $meta ), 'no' );
		return true;
	}

	/**
	 * Returns the ids of all accounts with an address, as that of the account or of its bills.
	 *
	 * @param string $address The e-mail address.
	 * @return array
	 */
	private static function accounts( $address ) {
		global $wpdb;
		if ( '' === $address ) {
			return array();
		}
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- By the indexes of both tables; nothing else finds all accounts.
		$rows  = $wpdb->get_results(
			$wpdb->prepare(
				"SELECT ID AS id, user_email AS email FROM {$wpdb->users} WHERE user_email = %s
				UNION SELECT user_id, meta_value FROM {$wpdb->usermeta} WHERE meta_key = 'billing_email' AND meta_value = %s",
				$address,
				$address
			)
		);
		$found = array();
		foreach ( (array) $rows as $row ) {
			// The database also finds other letters: é for e.
			if ( strtolower( $row->email ) === strtolower( $address ) ) {
				$found[] = (int) $row->id;
			}
		}
		return array_values( array_unique( $found ) );
	}

	/**
	 * Answers with a picture of one pixel, and tells that the e-mail was opened.
	 *
	 * @param string $token The token.
	 */
	private static function opened( $token ) {
		if ( ! Wcflow_Token::is_open( $token ) ) {
			status_header( 400 );
			return;
		}
		self::tell( 'email_opened', array( 'token' => $token ) );
		header( 'Content-Type: image/gif' );
		echo base64_decode( self::PIXEL ); // phpcs:ignore -- A constant picture.
	}

	/**
	 * Leads to what a link in an e-mail was for, and tells that it was clicked; else to the shop.
	 *
	 * @param string $token The token.
	 */
	private static function clicked( $token ) {
		$url = Wcflow_Token::target( $token );
		if ( '' !== $url ) {
			$data = array(
				'token' => $token,
				'url'   => $url,
			);
			self::tell( 'email_clicked', $data );
		}
		status_header( 302 );
		// wp_redirect() would take characters away; the address is signed, and header() takes one line only.
		header( 'Location: ' . self::header_value( '' === $url ? home_url( '/' ) : $url ) );
	}

	/**
	 * Returns an address as it may stand in a header.
	 *
	 * @param string $url The address.
	 * @return string
	 */
	private static function header_value( $url ) {
		return preg_replace_callback(
			'/[^\x21-\x7e]|["<>\\\\^`{|}]/',
			static function ( $found ) {
				return rawurlencode( $found[0] );
			},
			$url
		);
	}

	/**
	 * Tells what a person did with an e-mail, where the shop wants to know it.
	 *
	 * @param string $kind The kind of event.
	 * @param array  $data Its data.
	 */
	private static function tell( $kind, array $data ) {
		$events = Wcflow_Settings::events();
		if ( 'GET' === self::method() && ! empty( $events[ $kind ] ) && ! Wcflow_Visitor::is_bot() && ! Wcflow_Visitor::is_prefetch() ) {
			Wcflow_Streams::append_event( $kind, 0, '', $data );
		}
	}

	/**
	 * Returns the request's method.
	 *
	 * @return string
	 */
	private static function method() {
		return isset( $_SERVER['REQUEST_METHOD'] ) ? strtoupper( sanitize_key( $_SERVER['REQUEST_METHOD'] ) ) : '';
	}

	/**
	 * Lets nothing keep the answer, nor say elsewhere what its address was.
	 */
	private static function never_cache() {
		if ( ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true );
		}
		nocache_headers();
		header( 'Cache-Control: no-store, no-cache, must-revalidate, max-age=0, private' );
		header( 'Referrer-Policy: no-referrer' );
		header( 'X-Robots-Tag: noindex, nofollow' );
	}
}
