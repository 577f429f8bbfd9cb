<?php
/**
 * What the plugin keeps about people.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Takes part in WordPress's tools for personal data: export, erase, and the suggested privacy policy.
 */
class Wcflow_Privacy {

	const ID   = 'wcflow-companion';
	const PAGE = 100;

	/**
	 * Adds the hooks.
	 */
	public static function init() {
		add_action( 'admin_init', array( __CLASS__, 'suggest_policy' ) );
		add_filter( 'wp_privacy_personal_data_exporters', array( __CLASS__, 'add_exporter' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( __CLASS__, 'add_eraser' ) );
		// Consent plugins ask which plugins speak the WP Consent API.
		add_filter( 'wp_consent_api_registered_' . plugin_basename( WCFLOW_COMPANION_FILE ), '__return_true' );
	}

	/**
	 * Suggests a section of the privacy policy.
	 */
	public static function suggest_policy() {
		if ( function_exists( 'wp_add_privacy_policy_content' ) ) {
			$texts = array(
				__( 'When you are logged in, or have left your e-mail address at the checkout, we note which products and categories you look at, what you search for, what is in your cart and when you log in. We use this to send you messages that fit, for example about a cart that you left. We do not keep your IP address for it and set no cookie of our own.', 'wcflow-companion' ),
				__( 'Our e-mails may note that you opened them and which links you clicked. Each of them has a link to unsubscribe.', 'wcflow-companion' ),
				__( 'In this shop the notes are removed after 14 days. Our customer system keeps them together with your orders.', 'wcflow-companion' ),
			);
			wp_add_privacy_policy_content( 'wcflow', '<p>' . implode( '</p><p>', array_map( 'esc_html', $texts ) ) . '</p>' );
		}
	}

	/**
	 * Adds the exporter.
	 *
	 * @param array $exporters The exporters.
	 * @return array
	 */
	public static function add_exporter( $exporters ) {
		$exporters[ self::ID ] = array(
			'exporter_friendly_name' => __( 'wcflow', 'wcflow-companion' ),
			'callback'               => array( __CLASS__, 'export' ),
		);
		return $exporters;
	}

	/**
	 * Adds the eraser.
	 *
	 * @param array $erasers The erasers.
	 * @return array
	 */
	public static function add_eraser( $erasers ) {
		$erasers[ self::ID ] = array(
			'eraser_friendly_name' => __( 'wcflow', 'wcflow-companion' ),
			'callback'             => array( __CLASS__, 'erase' ),
		);
		return $erasers;
	}

	/**
	 * Returns what is kept about a person.
	 *
	 * @param string $email The e-mail address.
	 * @param int    $page  The page, from 1 on.
	 * @return array
	 */
	public static function export( $email, $page = 1 ) {
		$items = 1 === (int) $page ? self::person_items( $email ) : array();
		$rows  = self::events( $email, (int) $page );
		foreach ( $rows as $row ) {
			$items[] = array(
				'group_id'    => 'wcflow-events',
				'group_label' => __( 'What you did in the shop', 'wcflow-companion' ),
				'item_id'     => 'wcflow-event-' . $row->id,
				'data'        => self::pairs(
					array(
						__( 'When (UTC)', 'wcflow-companion' ) => $row->at,
						__( 'What', 'wcflow-companion' ) => $row->kind,
						__( 'Details', 'wcflow-companion' ) => $row->data,
					)
				),
			);
		}
		return array(
			'data' => $items,
			'done' => count( $rows ) < self::PAGE,
		);
	}

	/**
	 * Returns what the daemon says of a person.
	 *
	 * @param string $email The e-mail address.
	 * @return array
	 */
	private static function person_items( $email ) {
		$person = Wcflow_People::find_by_email( $email );
		if ( ! $person ) {
			return array();
		}
		$labels = array(
			'name'     => __( 'Name', 'wcflow-companion' ),
			'emails'   => __( 'E-mail addresses', 'wcflow-companion' ),
			'phone'    => __( 'Phone', 'wcflow-companion' ),
			'billing'  => __( 'Billing address', 'wcflow-companion' ),
			'shipping' => __( 'Shipping address', 'wcflow-companion' ),
			'segment'  => __( 'Segment', 'wcflow-companion' ),
			'tags'     => __( 'Tags', 'wcflow-companion' ),
			'groups'   => __( 'Groups', 'wcflow-companion' ),
			'company'  => __( 'Company', 'wcflow-companion' ),
			'tier'     => __( 'Tier', 'wcflow-companion' ),
			'points'   => __( 'Points', 'wcflow-companion' ),
			'spent'    => __( 'Spent', 'wcflow-companion' ),
			'orders'   => __( 'Orders', 'wcflow-companion' ),
			'reasons'  => __( 'Reasons', 'wcflow-companion' ),
			'notes'    => __( 'Notes', 'wcflow-companion' ),
			'tasks'    => __( 'Tasks', 'wcflow-companion' ),
			'timeline' => __( 'Timeline', 'wcflow-companion' ),
		);
		$values = array();
		foreach ( $labels as $key => $label ) {
			$values[ $label ] = isset( $person[ $key ] ) ? self::words( $person[ $key ] ) : '';
		}
		return array(
			array(
				'group_id'    => 'wcflow-person',
				'group_label' => __( 'Customer data of wcflow', 'wcflow-companion' ),
				'item_id'     => 'wcflow-person-' . $person['person'],
				'data'        => self::pairs( $values ),
			),
		);
	}

	/**
	 * Removes what is kept about a person.
	 *
	 * @param string $email The e-mail address.
	 * @return array
	 */
	public static function erase( $email ) {
		$person  = Wcflow_People::find_by_email( $email );
		$user    = get_user_by( 'email', $email );
		$removed = Wcflow_Streams::erase( $email, $user ? $user->ID : 0 );
		if ( $user ) {
			Wcflow_Cart::forget( $user->ID );
		}
		if ( $person ) {
			$removed += Wcflow_People::gone( array( $person['person'] ) );
		}
		return array(
			'items_removed'  => $removed > 0,
			'items_retained' => false,
			'messages'       => array(),
			'done'           => true,
		);
	}

	/**
	 * Returns the events of a person.
	 *
	 * @param string $email The e-mail address.
	 * @param int    $page  The page, from 1 on.
	 * @return array
	 */
	private static function events( $email, $page ) {
		global $wpdb;
		$user  = get_user_by( 'email', $email );
		$table = Wcflow_Tables::name( 'events' );
		// phpcs:disable WordPress.DB -- The plugin's own table, by its indexes.
		return (array) $wpdb->get_results(
			$wpdb->prepare(
				"SELECT id, at, kind, data FROM $table WHERE email = %s
				UNION SELECT id, at, kind, data FROM $table WHERE customer_id = %d AND customer_id > 0
				ORDER BY id LIMIT %d OFFSET %d",
				$email,
				$user ? $user->ID : 0,
				self::PAGE,
				( max( 1, $page ) - 1 ) * self::PAGE
			)
		);
		// phpcs:enable
	}

	/**
	 * Returns names and values as WordPress exports them, without empty ones.
	 *
	 * @param array $values The values by name.
	 * @return array
	 */
	private static function pairs( array $values ) {
		$pairs = array();
		foreach ( $values as $name => $value ) {
			if ( '' !== (string) $value ) {
				$pairs[] = array(
					'name'  => $name,
					'value' => esc_html( $value ),
				);
			}
		}
		return $pairs;
	}

	/**
	 * Returns a value of a card in words.
	 *
	 * @param mixed $value The value.
	 * @return string
	 */
	private static function words( $value ) {
		if ( ! is_array( $value ) ) {
			return is_scalar( $value ) ? (string) $value : '';
		}
		$words = array();
		foreach ( $value as $each ) {
			if ( is_array( $each ) ) {
				$each = implode( ' ', array_filter( array_intersect_key( $each, array_flip( array( 'at', 'category', 'words', 'text' ) ) ), 'is_scalar' ) );
			}
			$words[] = is_scalar( $each ) ? (string) $each : '';
		}
		return implode( '; ', array_filter( $words, 'strlen' ) );
	}
}
