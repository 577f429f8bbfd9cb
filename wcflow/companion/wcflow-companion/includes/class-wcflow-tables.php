<?php
/**
 * The plugin's own tables.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Makes, upgrades, clears and drops the tables; every site of a network has its own.
 */
class Wcflow_Tables {
	const VERSION   = 3;
	const NAMES     = array( 'people', 'cards', 'accounts', 'identities', 'labels', 'orders', 'changes', 'requests', 'events' );
	const KEPT_DAYS = 14;
	const CRON      = 'wcflow_purge';

	/**
	 * Registers the daily purge and looks whether the tables are of this version.
	 */
	public static function init() {
		add_action( self::CRON, array( __CLASS__, 'purge' ) );
		add_filter( 'wpmu_drop_tables', array( __CLASS__, 'with_own_tables' ) );
		if ( self::VERSION !== (int) get_option( 'wcflow_db_version', 0 ) ) {
			add_action( 'init', array( __CLASS__, 'install' ), 5 );
		}
	}

	/**
	 * Returns the full name of one of the tables on this site.
	 *
	 * @param string $name One of NAMES.
	 */
	public static function name( $name ) {
		global $wpdb;
		return $wpdb->prefix . 'wcflow_' . $name;
	}

	/**
	 * Makes or upgrades what this site needs; may be repeated.
	 */
	public static function install() {
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		if ( self::are_missing() ) {
			delete_option( 'wcflow_epoch' );
		}
		dbDelta( self::schema() );
		delete_option( Wcflow_Orders::OPTION );
		add_option( 'wcflow_epoch', wp_generate_uuid4(), '', false );
		add_option( 'wcflow_events', array() ); // Every page asks for it: where it is missing that is a query each time.
		foreach ( array( 'administrator', 'shop_manager' ) as $name ) {
			$role = get_role( $name );
			if ( $role && ! $role->has_cap( 'wcflow_edit' ) ) {
				$role->add_cap( 'wcflow_edit' );
			}
		}
		if ( ! wp_next_scheduled( self::CRON ) ) {
			wp_schedule_event( time() + HOUR_IN_SECONDS, 'daily', self::CRON );
		}
		update_option( 'wcflow_db_version', self::VERSION, true );
	}

	/**
	 * Makes the tables where they are gone, as after a backup without them was restored.
	 */
	public static function repair() {
		if ( self::are_missing() ) {
			self::install();
		}
	}

	/**
	 * Says whether one of the tables is missing.
	 */
	private static function are_missing() {
		global $wpdb;
		$found = $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( self::name( '' ) ) . '%' ) );
		// Some servers keep all names in lower case.
		return array() !== array_udiff( array_map( array( __CLASS__, 'name' ), self::NAMES ), $found, 'strcasecmp' );
	}

	/**
	 * Stops the daily purge; all data stay.
	 */
	public static function deactivate() {
		wp_clear_scheduled_hook( self::CRON );
		delete_option( 'wcflow_db_version' );
	}

	/**
	 * Returns the value that changes only when the tables are made anew.
	 */
	public static function epoch() {
		return (string) get_option( 'wcflow_epoch', '' );
	}

	/**
	 * Removes rows of the streams that are old; the newest row stays, so that numbers never go back.
	 */
	public static function purge() {
		update_option( 'wcflow_purged_at', time(), false );
		Wcflow_Limit::purge();
		foreach ( Wcflow_Streams::NAMES as $stream ) {
			self::purge_stream( $stream );
		}
		Wcflow_Orders::begin_anew();
	}

	/**
	 * Purges where WordPress's own timer has not done so for two days.
	 */
	public static function purge_if_due() {
		if ( time() - (int) get_option( 'wcflow_purged_at', 0 ) > 2 * DAY_IN_SECONDS ) {
			self::purge();
		}
	}

	/**
	 * Removes old rows of one stream, and of requests only those that are answered or very old.
	 *
	 * @param string $stream One of Wcflow_Streams::NAMES.
	 */
	private static function purge_stream( $stream ) {
		global $wpdb;
		$table = self::name( $stream );
		$last  = (int) $wpdb->get_var( "SELECT MAX(id) FROM `$table`" ); // phpcs:ignore WordPress.DB.PreparedSQL
		$old   = gmdate( 'Y-m-d H:i:s', time() - self::KEPT_DAYS * DAY_IN_SECONDS );
		$also  = '';
		if ( 'requests' === $stream ) {
			$also = $wpdb->prepare( " AND ( state <> 'pending' OR at < %s )", gmdate( 'Y-m-d H:i:s', time() - 90 * DAY_IN_SECONDS ) );
		}
		for ( $round = 0; $round < 200; $round++ ) {
			// phpcs:ignore WordPress.DB.PreparedSQL
			$removed = $wpdb->query( $wpdb->prepare( "DELETE FROM `$table` WHERE at < %s AND id < %d $also ORDER BY at LIMIT 5000", $old, $last ) );
			if ( ! $removed || $removed < 5000 ) {
				break;
			}
		}
	}

	/**
	 * Adds the tables to those that WordPress drops with a site of a network.
	 *
	 * @param string[] $tables Names of tables.
	 */
	public static function with_own_tables( $tables ) {
		foreach ( self::NAMES as $name ) {
			$tables[] = self::name( $name );
		}
		return $tables;
	}

	/**
	 * Drops the tables and all that the plugin keeps on this site.
	 */
	public static function uninstall() {
		global $wpdb;
		foreach ( self::NAMES as $name ) {
			$table = self::name( $name );
			$wpdb->query( "DROP TABLE IF EXISTS `$table`" ); // phpcs:ignore WordPress.DB.PreparedSQL, WordPress.DB.DirectDatabaseQuery
		}
		if ( 'yes' === get_option( 'wcflow_remove_meta' ) ) {
			self::remove_meta();
		}
		delete_metadata( 'user', 0, '_wcflow_cart_' . get_current_blog_id(), '', true );
		foreach ( Wcflow_Settings::OPTIONS as $option ) {
			delete_option( $option );
		}
		$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->options WHERE option_name LIKE %s", $wpdb->esc_like( 'wcflow_visitors_' ) . '%' ) );
		foreach ( array( '_transient_', '_transient_timeout_' ) as $kind ) {
			$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->options WHERE option_name LIKE %s", $wpdb->esc_like( $kind . 'wcflow_' ) . '%' ) );
		}
		foreach ( array( 'administrator', 'shop_manager' ) as $name ) {
			$role = get_role( $name );
			if ( $role ) {
				$role->remove_cap( 'wcflow_edit' );
			}
		}
		wp_clear_scheduled_hook( self::CRON );
	}

	/**
	 * Removes the tags and other data that wcflow has written into users and orders: all keys that begin with wcflow_.
	 */
	private static function remove_meta() {
		global $wpdb;
		$like = $wpdb->esc_like( 'wcflow_' ) . '%';
		$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->usermeta WHERE meta_key LIKE %s", $like ) );
		$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->postmeta WHERE meta_key LIKE %s", $like ) );
		$orders = $wpdb->prefix . 'wc_orders_meta';
		if ( $orders === $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $orders ) ) ) ) {
			$wpdb->query( $wpdb->prepare( "DELETE FROM `$orders` WHERE meta_key LIKE %s", $like ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
		wp_cache_flush();
	}

	/**
	 * Writes rows over those with the same key and says whether that went well.
	 *
	 * @param string   $name    Short name of the table.
	 * @param string[] $columns Columns.
	 * @param array[]  $rows    Rows.
	 */
	public static function put( $name, $columns, $rows ) {
		global $wpdb;
		$table   = self::name( $name );
		$updates = array();
		foreach ( $columns as $column ) {
			$updates[] = "`$column` = VALUES(`$column`)";
		}
		foreach ( array_chunk( $rows, 250 ) as $some ) {
			$groups = array();
			$values = array();
			foreach ( $some as $row ) {
				$marks = array();
				foreach ( array_values( $row ) as $value ) {
					$marks[] = null === $value ? 'NULL' : '%s';
					if ( null !== $value ) {
						$values[] = $value;
					}
				}
				$groups[] = '(' . implode( ',', $marks ) . ')';
			}
			$sql = "INSERT INTO `$table` (`" . implode( '`,`', $columns ) . '`) VALUES ' . implode( ',', $groups ) . ' ON DUPLICATE KEY UPDATE ' . implode( ', ', $updates );
			if ( false === $wpdb->query( $wpdb->prepare( $sql, $values ) ) ) { // phpcs:ignore WordPress.DB
				return false;
			}
		}
		return true;
	}

	/**
	 * Returns the tables as dbDelta reads them.
	 */
	private static function schema() {
		global $wpdb;
		$collate = $wpdb->get_charset_collate();
		$p       = $wpdb->prefix . 'wcflow_';
		$orders  = '';
		foreach ( array( 'sort_name', 'spent', 'orders', 'last_order', 'segment_since', 'points' ) as $column ) {
			$orders .= "KEY by_$column ($column,person),\n";
			$orders .= "KEY segment_$column (segment,$column,person),\n";
		}
		return "CREATE TABLE {$p}people (
person bigint(20) unsigned NOT NULL,
customer_id bigint(20) unsigned NOT NULL DEFAULT 0,
email varchar(191) NOT NULL DEFAULT '',
name varchar(191) NOT NULL DEFAULT '',
sort_name varchar(100) NOT NULL DEFAULT '',
segment varchar(100) NOT NULL DEFAULT '',
segment_since datetime DEFAULT NULL,
tier varchar(100) NOT NULL DEFAULT '',
points bigint(20) DEFAULT NULL,
status varchar(20) NOT NULL DEFAULT 'active',
spent decimal(18,4) NOT NULL DEFAULT 0,
currency varchar(10) NOT NULL DEFAULT '',
orders bigint(20) NOT NULL DEFAULT 0,
last_order datetime DEFAULT NULL,
company varchar(191) NOT NULL DEFAULT '',
tags text NOT NULL,
groups_json text NOT NULL,
reasons text NOT NULL,
generation varchar(100) NOT NULL DEFAULT '',
updated_at datetime NOT NULL,
PRIMARY KEY  (person),
KEY customer_id (customer_id),
{$orders}KEY generation (generation)
) $collate;
CREATE TABLE {$p}cards (
person bigint(20) unsigned NOT NULL,
card longtext NOT NULL,
PRIMARY KEY  (person)
) $collate;
CREATE TABLE {$p}accounts (
customer_id bigint(20) unsigned NOT NULL,
person bigint(20) unsigned NOT NULL,
PRIMARY KEY  (customer_id),
KEY person (person)
) $collate;
CREATE TABLE {$p}identities (
person bigint(20) unsigned NOT NULL,
kind varchar(10) NOT NULL,
value varchar(191) NOT NULL,
PRIMARY KEY  (person,kind,value),
KEY kind_value (kind,value,person)
) $collate;
CREATE TABLE {$p}labels (
person bigint(20) unsigned NOT NULL,
kind varchar(10) NOT NULL,
name varchar(191) NOT NULL,
PRIMARY KEY  (person,kind,name),
KEY kind_name (kind,name,person)
) $collate;
CREATE TABLE {$p}orders (
order_id bigint(20) unsigned NOT NULL,
customer_id bigint(20) unsigned NOT NULL DEFAULT 0,
address char(32) NOT NULL DEFAULT '',
person bigint(20) unsigned NOT NULL DEFAULT 0,
PRIMARY KEY  (order_id),
KEY person (person,order_id),
KEY customer_id (customer_id,person),
KEY address (address,person)
) $collate;
CREATE TABLE {$p}changes (
id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
row_key char(36) NOT NULL,
at datetime NOT NULL,
kind varchar(10) NOT NULL,
object_id bigint(20) unsigned NOT NULL,
what varchar(10) NOT NULL,
PRIMARY KEY  (id),
KEY at (at)
) $collate;
CREATE TABLE {$p}requests (
id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
row_key char(36) NOT NULL,
at datetime NOT NULL,
user_id bigint(20) unsigned NOT NULL DEFAULT 0,
user_name varchar(191) NOT NULL DEFAULT '',
person bigint(20) unsigned NOT NULL DEFAULT 0,
customer_id bigint(20) unsigned NOT NULL DEFAULT 0,
email varchar(191) NOT NULL DEFAULT '',
action varchar(40) NOT NULL,
data longtext NOT NULL,
generation varchar(100) NOT NULL DEFAULT '',
reason text NOT NULL,
bulk varchar(36) NOT NULL DEFAULT '',
state varchar(10) NOT NULL DEFAULT 'pending',
answer text NOT NULL,
answered_at datetime DEFAULT NULL,
PRIMARY KEY  (id),
KEY at (at),
KEY email (email),
KEY customer_id (customer_id),
KEY person_state (person,state),
KEY state_answered (state,answered_at)
) $collate;
CREATE TABLE {$p}events (
id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
row_key char(36) NOT NULL,
at datetime NOT NULL,
kind varchar(30) NOT NULL,
customer_id bigint(20) unsigned NOT NULL DEFAULT 0,
email varchar(191) NOT NULL DEFAULT '',
data longtext NOT NULL,
PRIMARY KEY  (id),
KEY at (at),
KEY email (email),
KEY customer_id (customer_id)
) $collate;";
	}
}
