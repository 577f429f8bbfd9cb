<?php
/**
 * How many addresses the checkout takes.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Counts the addresses that visitors leave at the checkout, by hour, and says when there are too many.
 *
 * A program can fill the checkout with invented addresses, and each would become a guest of wcflow. Only numbers
 * are kept: no address, no IP address. Orders are never limited.
 */
class Wcflow_Limit {

	const OPTION      = 'wcflow_visitors_';
	const PER_VISIT   = 10;
	const PER_HOUR    = 60;
	const OF_THE_SHOP = 500;
	const KEPT        = 25;

	/**
	 * Counts a new address of a visit; returns whether it can be taken.
	 *
	 * @param int $of_visit How many addresses the same visitor has left before.
	 * @return bool
	 */
	public static function takes( $of_visit ) {
		if ( $of_visit >= self::PER_VISIT || self::count( 'taken' ) > self::per_hour() ) {
			self::count( 'dropped' );
			return false;
		}
		return true;
	}

	/**
	 * Returns how many new addresses an hour are taken: 60, in a shop with many customers one for each 500 of them.
	 *
	 * @return int
	 */
	public static function per_hour() {
		$limit = get_transient( 'wcflow_visitor_limit' );
		if ( false === $limit ) {
			$limit = max( self::PER_HOUR, (int) ceil( Wcflow_People::count() / self::OF_THE_SHOP ) );
			set_transient( 'wcflow_visitor_limit', $limit, DAY_IN_SECONDS );
		}
		return (int) $limit;
	}

	/**
	 * Returns how many addresses were dropped in the last 24 hours.
	 *
	 * @return int
	 */
	public static function dropped() {
		global $wpdb;
		$names = array();
		for ( $ago = 0; $ago < 24; $ago++ ) {
			$names[] = self::name( 'dropped', time() - $ago * HOUR_IN_SECONDS );
		}
		$marks = implode( ',', array_fill( 0, count( $names ), '%s' ) );
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT SUM(option_value) FROM $wpdb->options WHERE option_name IN ($marks)", $names ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Forgets the numbers of past days.
	 */
	public static function purge() {
		global $wpdb;
		$before = self::name( '', time() - self::KEPT * HOUR_IN_SECONDS );
		$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->options WHERE option_name LIKE %s AND option_name < %s", $wpdb->esc_like( self::OPTION ) . '%', $before ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Adds one to the number of this hour and returns it. One statement: requests at the same time do not lose any.
	 *
	 * @param string $what taken or dropped.
	 * @return int
	 */
	private static function count( $what ) {
		global $wpdb;
		$name = self::name( $what, time() );
		$wpdb->query( $wpdb->prepare( "INSERT INTO $wpdb->options (option_name, option_value, autoload) VALUES (%s, '1', 'no') ON DUPLICATE KEY UPDATE option_value = option_value + 1", $name ) ); // phpcs:ignore WordPress.DB
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM $wpdb->options WHERE option_name = %s", $name ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns the name of the option that keeps the number of an hour.
	 *
	 * @param string $what taken or dropped.
	 * @param int    $at   Time.
	 * @return string
	 */
	private static function name( $what, $at ) {
		return self::OPTION . gmdate( 'YmdH', $at ) . $what;
	}
}
