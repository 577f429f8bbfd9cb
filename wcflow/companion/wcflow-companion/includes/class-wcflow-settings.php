<?php
/**
 * What the daemon and the shopkeeper set.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Keeps the daemon's summary and keys, and the switches of the events.
 */
class Wcflow_Settings {
	const OPTIONS = array( 'wcflow_db_version', 'wcflow_epoch', 'wcflow_purged_at', 'wcflow_generation', 'wcflow_orders', 'wcflow_summary', 'wcflow_settings', 'wcflow_events', 'wcflow_remove_meta' );
	const EVENTS  = array( 'product_viewed', 'category_viewed', 'search', 'cart_updated', 'logged_in', 'email_opened', 'email_clicked' );

	/**
	 * Summaries that were read in this web request, by site: a screen asks for one many times.
	 *
	 * @var array
	 */
	private static $summaries = array();

	/**
	 * Returns the summary that the daemon pushed last, every field there, or null.
	 */
	public static function summary() {
		$site = get_current_blog_id();
		if ( ! array_key_exists( $site, self::$summaries ) ) {
			$summary = get_option( 'wcflow_summary', null );

			self::$summaries[ $site ] = is_array( $summary ) ? self::normal_summary( $summary ) : null;
		}
		return self::$summaries[ $site ];
	}

	/**
	 * Keeps a summary of the daemon, and when it came by this site's clock.
	 *
	 * @param array $summary Summary.
	 */
	public static function save_summary( $summary ) {
		$summary['received_at'] = gmdate( 'Y-m-d\TH:i:s\Z' );
		update_option( 'wcflow_summary', $summary, false );
		self::$summaries = array();
	}

	/**
	 * Returns the names that the daemon knows of one kind.
	 *
	 * @param string $kind One of tags, groups, companies, segments, tiers, note_categories.
	 */
	public static function vocabulary( $kind ) {
		$summary = self::summary();
		$names   = $summary && isset( $summary['vocabulary'][ $kind ] ) && is_array( $summary['vocabulary'][ $kind ] ) ? $summary['vocabulary'][ $kind ] : array();
		$names   = array_values( array_filter( array_map( array( 'Wcflow_Cards', 'text' ), $names ), 'strlen' ) );
		if ( ! $names && 'note_categories' === $kind ) {
			$names = array( 'General', 'Follow-up', 'Complaint', 'Feedback', 'Meeting', 'Phone Call', 'Internal' );
		}
		return $names;
	}

	/**
	 * Returns the digest of the settings that the daemon gave last, or an empty string.
	 */
	public static function digest() {
		$settings = self::given();
		return $settings['digest'];
	}

	/**
	 * Keeps what the daemon gave; returns a sentence where something is wrong with it, else an empty string.
	 *
	 * @param array $given digest, unsubscribe_key, link_key and topics.
	 */
	public static function save_given( $given ) {
		$settings = array(
			'digest' => Wcflow_Streams::cut( Wcflow_Cards::text( isset( $given['digest'] ) ? $given['digest'] : '' ) ),
			'topics' => array(),
		);
		if ( '' === $settings['digest'] ) {
			return 'The digest is missing.';
		}
		foreach ( array( 'unsubscribe_key', 'link_key' ) as $name ) {
			$key = Wcflow_Cards::text( isset( $given[ $name ] ) ? $given[ $name ] : '' );
			if ( ! preg_match( '/^[0-9a-f]{64}$/D', $key ) ) {
				return "$name must be 32 bytes as 64 hexadecimal digits in lower case.";
			}
			$settings[ $name ] = $key;
		}
		foreach ( isset( $given['topics'] ) && is_array( $given['topics'] ) ? array_slice( $given['topics'], 0, 50 ) : array() as $topic ) {
			$clean = array();
			foreach ( array( 'name', 'label', 'meta' ) as $field ) {
				$clean[ $field ] = Wcflow_Streams::cut( Wcflow_Cards::text( is_array( $topic ) && isset( $topic[ $field ] ) ? $topic[ $field ] : '' ) );
			}
			if ( '' === $clean['name'] ) {
				return 'A topic needs a name.';
			}
			if ( preg_match( '/capabilities$|user_level$|^session_tokens$/', $clean['meta'] ) ) {
				return "The meta key of topic {$clean['name']} is reserved.";
			}
			$settings['topics'][] = $clean;
		}
		update_option( 'wcflow_settings', $settings, false );
		return '';
	}

	/**
	 * Returns one of the keys that the daemon and the plugin share, as bytes; empty where none was given.
	 *
	 * @param string $name Either unsubscribe or link.
	 */
	public static function key( $name ) {
		$settings = self::given();
		return isset( $settings[ $name . '_key' ] ) ? (string) hex2bin( $settings[ $name . '_key' ] ) : '';
	}

	/**
	 * Returns the topics of e-mail: name, label and the key of the user meta that keeps the consent.
	 */
	public static function topics() {
		$settings = self::given();
		if ( in_array( 'email', wp_list_pluck( $settings['topics'], 'name' ), true ) ) {
			return $settings['topics'];
		}
		// Every shop's e-mails can be unsubscribed, also where no field of the account says so.
		$email = array(
			'name'  => 'email',
			'label' => 'E-mail',
			'meta'  => '',
		);
		return array_merge( array( $email ), $settings['topics'] );
	}

	/**
	 * Says whether one kind of event is wanted.
	 *
	 * @param string $kind One of EVENTS.
	 */
	public static function event_on( $kind ) {
		$events = self::events();
		return ! empty( $events[ $kind ] );
	}

	/**
	 * Returns for every kind of event whether it is wanted.
	 */
	public static function events() {
		$saved  = get_option( 'wcflow_events', array() );
		$events = array();
		foreach ( self::EVENTS as $kind ) {
			$events[ $kind ] = ! is_array( $saved ) || ! isset( $saved[ $kind ] ) || 'no' !== $saved[ $kind ];
		}
		return $events;
	}

	/**
	 * Keeps which kinds of events are wanted.
	 *
	 * @param bool[] $switches Yes or no by kind.
	 */
	public static function save_events( $switches ) {
		$events = array();
		foreach ( self::EVENTS as $kind ) {
			$events[ $kind ] = empty( $switches[ $kind ] ) ? 'no' : 'yes';
		}
		update_option( 'wcflow_events', $events, true );
	}

	/**
	 * Returns what the daemon gave, every field there.
	 */
	private static function given() {
		$settings = get_option( 'wcflow_settings', array() );
		return array_merge(
			array(
				'digest' => '',
				'topics' => array(),
			),
			is_array( $settings ) ? $settings : array()
		);
	}

	/**
	 * Returns a summary in which every field is there with its type.
	 *
	 * @param array $summary Summary.
	 */
	private static function normal_summary( $summary ) {
		foreach ( array( 'failed', 'warnings', 'segments', 'workflows', 'actions', 'tasks', 'vocabulary', 'queue' ) as $name ) {
			$summary[ $name ] = isset( $summary[ $name ] ) && is_array( $summary[ $name ] ) ? $summary[ $name ] : array();
		}
		foreach ( array( 'failed', 'segments', 'workflows', 'actions', 'tasks' ) as $name ) {
			$summary[ $name ] = array_values( array_filter( $summary[ $name ], 'is_array' ) );
		}
		foreach ( array( 'daemon', 'store', 'sent_at', 'received_at', 'polled_at', 'poll_error', 'zone', 'currency' ) as $name ) {
			$summary[ $name ] = Wcflow_Cards::text( isset( $summary[ $name ] ) ? $summary[ $name ] : '' );
		}
		foreach ( array( 'waiting', 'failed' ) as $name ) {
			$summary['queue'][ $name ] = isset( $summary['queue'][ $name ] ) && is_numeric( $summary['queue'][ $name ] ) ? (int) $summary['queue'][ $name ] : 0;
		}
		$summary['warnings'] = array_values( array_filter( array_map( array( 'Wcflow_Cards', 'text' ), $summary['warnings'] ), 'strlen' ) );
		$summary['held']     = isset( $summary['held'] ) && is_array( $summary['held'] ) ? $summary['held'] : null;
		return $summary;
	}
}
